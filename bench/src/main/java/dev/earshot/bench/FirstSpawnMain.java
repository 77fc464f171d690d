package dev.earshot.bench;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessController;
import dev.earshot.process.StopPolicy;

/**
 * What {@link FirstSpawn} measures: a program that does nothing but start a command. Prints when it
 * was called and when its command ran, as {@code System.nanoTime}.
 */
public final class FirstSpawnMain {
  private FirstSpawnMain() {}

  /** Ends with 0 only if the command did. */
  public static void main(String[] args) throws InterruptedException {
    long called = System.nanoTime();
    // With a containment of its own, as the first command of a program has.
    try (var controller =
        ProcessController.start(CommandSpec.of("/bin/true"), StopPolicy.standard(), _ -> {})) {
      long started = System.nanoTime();
      var result = controller.await();
      Child.require(result.reason() == ExitReason.NATURAL, "not a natural end: " + result);
      System.out.println(called + " " + started);
    }
  }
}
