package dev.earshot.bench;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.StopPolicy;

/**
 * What {@link FirstSpawn} measures: a program that does nothing but start a command. Prints when it
 * was called and when its command ran, as {@code System.nanoTime}.
 */
public final class FirstSpawnMain {
  private long started;

  private FirstSpawnMain() {}

  /** Ends with 0 only if the command did. */
  public static void main(String[] args) throws InterruptedException {
    long called = System.nanoTime();
    new FirstSpawnMain().run(called);
  }

  private void run(long called) throws InterruptedException {
    try (var controller =
        Starts.start(CommandSpec.of("/bin/true"), StopPolicy.standard(), this::note)) {
      // The owner's thread has ended then, so that what it wrote can be read.
      var result = controller.await();
      Child.require(result.reason() == ExitReason.NATURAL, "not a natural end: " + result);
    }
    System.out.println(called + " " + started);
  }

  private void note(ProcessEvent event) {
    if (event instanceof ProcessEvent.Started) {
      started = System.nanoTime();
    }
  }
}
