package dev.earshot.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.SingleThreadIoEventLoop;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
  private final Map<Channel, EventLoop> open = new ConcurrentHashMap<>();
  private volatile boolean ending;

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

  /** Puts a new channel on a loop, with which it ends at the latest. */
  ChannelFuture register(EventLoop loop, Channel channel) {
    open.put(channel, loop);
    channel.closeFuture().addListener(closed -> open.remove(channel));
    if (ending) {
      channel.unsafe().closeForcibly();
    }
    return loop.register(channel);
  }

  /**
   * Closes what is open on the loops, and ends them; does not wait for that. A loop that ends
   * without a quiet time may do so without a look at its channels, so they are closed here.
   */
  void shutDown(Duration limit) {
    ending = true;
    open.forEach(
        (channel, loop) -> run(loop, () -> channel.unsafe().close(channel.unsafe().voidPromise())));
    for (EventLoop loop : loops) {
      var _ = loop.shutdownGracefully(0, limit.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
