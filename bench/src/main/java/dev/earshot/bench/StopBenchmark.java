package dev.earshot.bench;

import static java.util.Objects.requireNonNull;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.Signal;
import dev.earshot.process.StopPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Question: is a stop over soon after it could be? A command that obeys: within 30 ms of its own
 * exit ({@link #beyondOwnExit}). A tree of eight that ignores the stop signal: within 300 ms of the
 * grace of 200 ms ({@link #stubbornTree}). If not, the wake-ups and the looks for members that are
 * left are to become fewer or cheaper.
 *
 * <p>{@link #jdk} is the same stop by the JDK, which looks for nobody but the command itself.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class StopBenchmark {
  /** Dies of TERM at once, and soon ends by itself should a benchmark be killed. */
  private static final String[] OBEDIENT = {"/bin/sleep", "15"};

  private static final int TREE = 8;

  /** What is ignored stays so in what is started: none of the eight hears TERM. */
  private static final String[] STUBBORN = {
    "/bin/sh",
    "-c",
    "trap '' TERM; for i in 1 2 3 4 5 6 7; do sleep 15 & done; echo; exec sleep 15",
  };

  private static final Duration GRACE = Duration.ofMillis(200);
  private static final Duration NEVER = Duration.ofMinutes(1);

  /** From the stop until the wait returns, with the command's own exit. */
  @Benchmark
  public ProcessResult cooperating(Running running) throws InterruptedException {
    return running.stopAndAwait();
  }

  /** From the end of the command's output, which comes with its exit, until the wait returns. */
  @Benchmark
  public ProcessResult beyondOwnExit(Exiting exiting) throws InterruptedException {
    return exiting.await();
  }

  /** From the stop until the wait returns, with the grace. */
  @Benchmark
  public ProcessResult stubbornTree(Tree tree) throws InterruptedException {
    return tree.stopAndAwait();
  }

  /** From {@code destroy} until {@code waitFor} returns. */
  @Benchmark
  public int jdk(Jdk jdk) throws InterruptedException {
    return jdk.stopAndAwait();
  }

  /** What the commands of a benchmark are held together by. */
  @State(Scope.Benchmark)
  public static class Within {
    private final Starts starts = new Starts();

    Child obedient() {
      return Child.start(starts, CommandSpec.of(OBEDIENT), StopPolicy.standard().withGrace(NEVER));
    }

    Child stubborn() {
      return Child.start(starts, CommandSpec.of(STUBBORN), StopPolicy.standard().withGrace(GRACE));
    }

    /** Dismisses the guardian. */
    @TearDown
    public void close() {
      starts.close();
    }
  }

  /** It must have died of the signal that asked it to. */
  private static void endObedient(@Nullable Child child) throws InterruptedException {
    try (Child ended = requireNonNull(child)) {
      ProcessResult result = ended.awaitEnd(ExitReason.SIGNAL);
      int signal = result.signal().orElseThrow();
      Child.require(
          result.requested() && signal == Signal.TERM.number() && result.killed().isEmpty(),
          "not an obedient end: " + result);
    }
  }

  /** A command that runs. */
  @State(Scope.Thread)
  public static class Running {
    private @Nullable Child child;

    /** Returns once it runs. */
    @Setup(Level.Invocation)
    public void start(Within within) {
      child = within.obedient();
    }

    ProcessResult stopAndAwait() throws InterruptedException {
      Child running = requireNonNull(child);
      running.stop();
      return running.await();
    }

    /** Checks its end. */
    @TearDown(Level.Invocation)
    public void end() throws InterruptedException {
      endObedient(child);
    }
  }

  /** A command that was asked to stop, and has just closed its output by exiting. */
  @State(Scope.Thread)
  public static class Exiting {
    private @Nullable Child child;

    /** Returns at its exit. */
    @Setup(Level.Invocation)
    public void startAndStop(Within within) throws IOException {
      child = within.obedient();
      child.stop();
      child.awaitOutputEnd();
    }

    ProcessResult await() throws InterruptedException {
      return requireNonNull(child).await();
    }

    /** Checks its end. */
    @TearDown(Level.Invocation)
    public void end() throws InterruptedException {
      endObedient(child);
    }
  }

  /** Eight processes that ignore the stop signal. */
  @State(Scope.Thread)
  public static class Tree {
    private @Nullable Child child;
    private long took;

    /** Returns once all eight run and ignore it. */
    @Setup(Level.Invocation)
    public void start(Within within) throws IOException {
      child = within.stubborn();
      child.awaitReady();
    }

    ProcessResult stopAndAwait() throws InterruptedException {
      Child running = requireNonNull(child);
      long before = System.nanoTime();
      running.stop();
      ProcessResult result = running.await();
      took = System.nanoTime() - before;
      return result;
    }

    /** All eight must have got the whole grace, and then KILL. */
    @TearDown(Level.Invocation)
    public void end() throws InterruptedException {
      try (Child ended = requireNonNull(child)) {
        ProcessResult result = ended.awaitEnd(ExitReason.FORCED_KILL);
        Child.require(result.killed().size() == TREE, "not a tree of " + TREE + ": " + result);
        Child.require(took >= GRACE.toNanos(), "killed before the grace was over: " + took + " ns");
      }
    }
  }

  /** A command of the JDK that runs. */
  @State(Scope.Thread)
  public static class Jdk {
    private static final int DIED_OF_TERM = 128 + 15;

    private @Nullable Process process;
    private int code;

    /** Returns once it runs. */
    @Setup(Level.Invocation)
    public void start() throws IOException {
      process = new ProcessBuilder(OBEDIENT).start();
    }

    int stopAndAwait() throws InterruptedException {
      Process running = requireNonNull(process);
      running.destroy();
      code = running.waitFor();
      return code;
    }

    /** Checks its end; {@code destroy} has closed the pipes. */
    @TearDown(Level.Invocation)
    public void end() {
      Child.require(code == DIED_OF_TERM, "not a death of TERM: " + code);
    }
  }
}
