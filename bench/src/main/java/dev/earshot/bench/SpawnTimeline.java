package dev.earshot.bench;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.StopPolicy;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * Question: where does the time of a start go, and that of an end? It says which part is worth
 * making cheaper. Starts {@code /bin/true} by a controller and by the JDK in turns, so that both
 * meet the same machine; the optional argument is how often.
 */
public final class SpawnTimeline {
  private static final int TIMES = 500;
  private static final int WARM_UPS = 200;
  private static final String COMMAND = "/bin/true";

  private final Map<String, Samples> samples = new LinkedHashMap<>();

  private SpawnTimeline() {}

  /** Prints the times since the call, in microseconds. */
  public static void main(String[] args) throws InterruptedException, IOException {
    int times = args.length > 0 ? Integer.parseInt(args[0]) : TIMES;
    try (var starts = new Starts()) {
      var warmUp = new SpawnTimeline();
      warmUp.measure(starts, WARM_UPS);
      var timeline = new SpawnTimeline();
      timeline.measure(starts, times);
      timeline.print(times);
    }
  }

  private void measure(Starts starts, int times) throws InterruptedException, IOException {
    for (int i = 0; i < times; i++) {
      controller(starts);
      processBuilder();
    }
  }

  private void print(int times) {
    System.out.printf("microseconds since the call, %d times%n", times);
    System.out.printf("%-32s %9s %9s %9s %9s%n", "", "min", "median", "p90", "max");
    samples.forEach((what, each) -> System.out.printf("%-32s %s%n", what, each.micros()));
  }

  private void controller(Starts starts) throws InterruptedException {
    var told = new CountDownLatch(1);
    var at = new EventTimes(told);
    long before = System.nanoTime();
    try (var controller = starts.start(CommandSpec.of(COMMAND), StopPolicy.standard(), at::note)) {
      long returned = System.nanoTime();
      told.await();
      long known = System.nanoTime();
      var result = controller.await();
      long ended = System.nanoTime();
      Child.require(result.reason() == ExitReason.NATURAL, "not a natural end: " + result);
      add("controller: start() returned", returned - before);
      add("controller: event Starting", at.starting - before);
      add("controller: event Started", at.started - before);
      add("controller: caller knows", known - before);
      add("controller: event Exited", at.exited - before);
      add("controller: event TreeGone", at.gone - before);
      add("controller: await() returned", ended - before);
    }
  }

  private void processBuilder() throws InterruptedException, IOException {
    var builder = new ProcessBuilder(COMMAND);
    long before = System.nanoTime();
    Process process = builder.start();
    long known = System.nanoTime();
    int code = process.waitFor();
    long ended = System.nanoTime();
    Child.require(code == 0, COMMAND + " ended with " + code);
    process.getOutputStream().close();
    process.getInputStream().close();
    process.getErrorStream().close();
    add("ProcessBuilder: start() returned", known - before);
    add("ProcessBuilder: waitFor returned", ended - before);
  }

  private void add(String what, long nanos) {
    samples.computeIfAbsent(what, _ -> new Samples()).add(nanos);
  }

  /** Written by the controller's thread; read by others once it has ended. */
  private static final class EventTimes {
    private final CountDownLatch told;
    private long starting;
    private long started;
    private long exited;
    private long gone;

    EventTimes(CountDownLatch told) {
      this.told = told;
    }

    void note(ProcessEvent event) {
      long now = System.nanoTime();
      switch (event) {
        case ProcessEvent.Starting _ -> starting = now;
        case ProcessEvent.Started _ -> {
          started = now;
          told.countDown();
        }
        case ProcessEvent.Exited _ -> {
          exited = now;
          told.countDown();
        }
        case ProcessEvent.TreeGone _ -> gone = now;
        case ProcessEvent.Signaled _ -> {}
      }
    }
  }
}
