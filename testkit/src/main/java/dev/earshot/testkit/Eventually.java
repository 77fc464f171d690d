package dev.earshot.testkit;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for a fact that no event tells: a pid gone, a port free, a thread waiting. */
public final class Eventually {
  private static final Duration GIVE_UP = Duration.ofSeconds(20);
  private static final long BETWEEN_LOOKS = Duration.ofMillis(1).toNanos();

  private Eventually() {}

  /** Returns once the condition holds; fails after 20 s, naming the fact. */
  public static void until(String fact, Callable<Boolean> condition) {
    until(() -> fact, condition);
  }

  /** The same, with a description that is made when it fails, so that it can tell what was seen. */
  public static void until(Supplier<String> fact, Callable<Boolean> condition) {
    within(GIVE_UP, fact, condition);
  }

  /** The same for a fact that is promised to hold after this time. */
  public static void within(Duration promise, Supplier<String> fact, Callable<Boolean> condition) {
    long start = System.nanoTime();
    while (!holds(condition)) {
      if (System.nanoTime() - start > promise.toNanos()) {
        throw new AssertionError("not within " + promise.toMillis() + " ms: " + fact.get());
      }
      LockSupport.parkNanos(BETWEEN_LOOKS);
    }
  }

  private static boolean holds(Callable<Boolean> condition) {
    try {
      return condition.call();
    } catch (Exception e) {
      throw new AssertionError("the condition itself failed", e);
    }
  }
}
