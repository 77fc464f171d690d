package dev.earshot.proxy;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;

/** The platform threads of one proxy, so that its end can wait for each of them. Thread-safe. */
final class OwnThreads {
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  /** Makes daemon threads with this prefix to their names. */
  ThreadFactory named(String prefix) {
    var factory = new DefaultThreadFactory(prefix, true);
    return task -> {
      // Pools replace threads that were idle; those need not be waited for.
      threads.removeIf(thread -> thread.getState() == Thread.State.TERMINATED);
      Thread thread = factory.newThread(task);
      threads.add(thread);
      return thread;
    };
  }

  /** Waits until all have ended; false if one has not within the limit. */
  boolean join(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    boolean ended = true;
    for (Thread thread : threads) {
      ended &=
          thread.getState() == Thread.State.NEW
              || thread.join(Duration.ofNanos(Math.max(deadline - System.nanoTime(), 0)));
    }
    return ended;
  }
}
