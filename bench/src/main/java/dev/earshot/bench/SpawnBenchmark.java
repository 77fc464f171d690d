package dev.earshot.bench;

import static java.util.Objects.requireNonNull;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.StopPolicy;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Question: does the caller know after at most half the median of {@code ProcessBuilder.start()}
 * that its command runs? If not, work that the start does not need is to leave it: {@link
 * SpawnTimeline} says where the time goes.
 *
 * <p>Both start {@code /bin/true} with three pipes and the same environment; its end is waited for
 * outside of what is measured.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SpawnBenchmark {
  private static final String COMMAND = "/bin/true";

  /** Until the controller is returned, whose command runs then. */
  @Benchmark
  public Object controller(Ours ours) {
    return ours.start();
  }

  /** Until the JDK returns the process. */
  @Benchmark
  public Object processBuilder(Jdk jdk) throws IOException {
    return jdk.start();
  }

  /** The environment of both. */
  @State(Scope.Benchmark)
  public static class Environment {
    /** How many variables the command gets. */
    @Param({"20", "500"})
    public int variables;

    private Map<String, String> all = Map.of();

    /** Makes as many as were asked for. */
    @Setup
    public void make() {
      Map<String, String> made = new HashMap<>();
      for (int i = 0; i < variables; i++) {
        made.put("VARIABLE_" + i, "a value of some forty characters, number " + i);
      }
      all = Map.copyOf(made);
    }
  }

  /** One command of ours at a time. */
  @State(Scope.Thread)
  public static class Ours {
    private final Starts starts = new Starts();
    private CommandSpec spec = CommandSpec.of(COMMAND);
    private @Nullable Child child;

    /** Says what is started. */
    @Setup
    public void specify(Environment environment) {
      spec = CommandSpec.of(COMMAND).withEnvironment(environment.all);
    }

    Child start() {
      child = Child.start(starts, spec, StopPolicy.standard());
      return child;
    }

    /** Dismisses the guardian. */
    @TearDown
    public void close() {
      starts.close();
    }

    /** Waits until it is gone. */
    @TearDown(Level.Invocation)
    public void end() throws InterruptedException {
      try (Child ended = requireNonNull(child)) {
        int code = ended.awaitEnd(ExitReason.NATURAL).exitCode().orElseThrow();
        Child.require(code == 0, COMMAND + " ended with " + code);
      }
    }
  }

  /** One command of the JDK at a time. */
  @State(Scope.Thread)
  public static class Jdk {
    private final ProcessBuilder builder = new ProcessBuilder(COMMAND);
    private @Nullable Process process;

    /** Says what is started. */
    @Setup
    public void specify(Environment environment) {
      builder.environment().clear();
      builder.environment().putAll(environment.all);
    }

    Process start() throws IOException {
      process = builder.start();
      return process;
    }

    /** Waits until it is gone. */
    @TearDown(Level.Invocation)
    public void end() throws InterruptedException, IOException {
      Process ended = requireNonNull(process);
      int code = ended.waitFor();
      Child.require(code == 0, COMMAND + " ended with " + code);
      ended.getOutputStream().close();
      ended.getInputStream().close();
      ended.getErrorStream().close();
    }
  }
}
