package dev.earshot.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessController;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.Redirect;
import dev.earshot.process.Stdio;
import dev.earshot.process.StopPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Question: how long after the exec of a JVM does its first command run? Goals: at most 100 ms with
 * an ahead-of-time cache, 220 ms without. If not, the start path loads or links too much before its
 * first start.
 *
 * <p>Makes a cache, then starts {@link FirstSpawnMain} with and without it in turns; the optional
 * argument is how often. {@code System.nanoTime} is CLOCK_MONOTONIC on Linux, one clock for all
 * processes; it begins here before the JVM is spawned, so that its own spawn is in the times.
 */
public final class FirstSpawn {
  private static final int TIMES = 15;

  private static final Redirect ERRORS = new Redirect.Inherit(2);
  private static final Pattern TIMES_TOLD = Pattern.compile("(\\d+) (\\d+)\n");

  /** The launcher's. */
  private static final List<String> JVM =
      List.of(
          "-XX:+UseSerialGC",
          "-Xms32m",
          "-Xmn24m",
          "-XX:SurvivorRatio=4",
          "-Xmx512m",
          "-XX:MaxDirectMemorySize=2g",
          "-XX:-MaxFDLimit",
          "-Xlog:disable",
          "-Xlog:all=off",
          "-XX:-UsePerfData",
          "-Djava.awt.headless=true",
          "--enable-native-access=ALL-UNNAMED");

  private FirstSpawn() {}

  /** Prints the times since before the exec, in milliseconds. */
  public static void main(String[] args) throws InterruptedException, IOException {
    int times = args.length > 0 ? Integer.parseInt(args[0]) : TIMES;
    Path folder = Files.createTempDirectory("earshot-bench");
    Path cache = folder.resolve("first-spawn.aot");
    try {
      // What the JVM that makes it says on its way is of no use.
      run(new Redirect.Null(), "-XX:AOTCacheOutput=" + cache);
      Child.require(Files.size(cache) > 0, "the JVM made no cache");
      compare(times, cache);
    } finally {
      Files.deleteIfExists(cache);
      Files.delete(folder);
    }
  }

  private static void compare(int times, Path cache) throws InterruptedException, IOException {
    var with = new Times();
    var without = new Times();
    for (int i = 0; i < times; i++) {
      // AOTMode=on: the JVM is to refuse to start rather than to go on without the cache.
      with.add(run(ERRORS, "-XX:AOTCache=" + cache, "-XX:AOTMode=on"));
      without.add(run(ERRORS, "-XX:AOTMode=off"));
    }
    System.out.printf("milliseconds since before the exec of the JVM, %d times%n", times);
    System.out.printf("%-32s %9s %9s %9s %9s%n", "", "min", "median", "p90", "max");
    with.print("with AOT cache");
    without.print("without");
  }

  private record Times(Samples called, Samples started) {
    Times() {
      this(new Samples(), new Samples());
    }

    void add(Run run) {
      called.add(run.called() - run.before());
      started.add(run.started() - run.before());
    }

    void print(String how) {
      System.out.printf("%-32s %s%n", how + ": main called", called.millis());
      System.out.printf("%-32s %s%n", how + ": first command runs", started.millis());
    }
  }

  private record Run(long before, long called, long started) {}

  private static Run run(Redirect errors, String... options)
      throws InterruptedException, IOException {
    List<String> argv = new ArrayList<>();
    argv.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    argv.addAll(JVM);
    argv.addAll(List.of(options));
    argv.addAll(List.of("-cp", System.getProperty("java.class.path")));
    argv.add(FirstSpawnMain.class.getName());
    var stdio = new Stdio(new Redirect.Null(), new Redirect.Pipe(), errors);
    var spec = CommandSpec.of(argv.toArray(String[]::new)).withStdio(stdio);
    long before = System.nanoTime();
    try (var controller = ProcessController.start(spec, StopPolicy.standard(), _ -> {})) {
      String said;
      try (var output = controller.stdout().orElseThrow()) {
        said = new String(output.readAllBytes(), US_ASCII);
      }
      ProcessResult result = controller.await();
      Child.require(
          result.reason() == ExitReason.NATURAL && result.exitCode().orElseThrow() == 0,
          "the JVM failed: " + result);
      // A JVM that makes a cache says so, too, after the program.
      Matcher times = TIMES_TOLD.matcher(said);
      Child.require(times.lookingAt(), "the JVM told no times: " + said);
      return new Run(before, Long.parseLong(times.group(1)), Long.parseLong(times.group(2)));
    }
  }
}
