package dev.earshot.proxy;

import io.netty.channel.EventLoop;
import io.netty.channel.SingleThreadIoEventLoop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The event loops of one proxy. Not one of Netty's groups: a group waits for its loops on a thread
 * that all of the JVM shares, and that is started for it and lives on for a second. Thread-safe.
 */
final class EventLoops {
  private final List<EventLoop> loops;
  private final AtomicInteger taken = new AtomicInteger();

  /** Makes loops; their threads start with the first use. */
  EventLoops(int count, Transport transport, ThreadFactory threads) {
    loops =
        Stream.<EventLoop>generate(
                () -> new SingleThreadIoEventLoop(null, threads, transport.handlers()))
            .limit(count)
            .toList();
  }

  List<EventLoop> all() {
    return loops;
  }

  /** One after the other. */
  EventLoop next() {
    return loops.get(Math.floorMod(taken.getAndIncrement(), loops.size()));
  }

  /** Runs a task on a loop, or not at all: a loop that has ended took all that was on it along. */
  static void run(EventLoop loop, Runnable task) {
    try {
      loop.execute(task);
    } catch (RejectedExecutionException ended) {
      // Nobody is left to tell.
    }
  }

  /** Closes what is open on the loops, and ends them; does not wait for that. */
  void shutDown(Duration limit) {
    for (EventLoop loop : loops) {
      var _ = loop.shutdownGracefully(0, limit.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
