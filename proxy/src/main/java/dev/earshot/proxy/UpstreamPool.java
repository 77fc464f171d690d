package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Idle upstream connections of one event loop, the longest idle first. One that its upstream
 * closes, or sends anything on, is dropped at once. Bounded for each key and in all; on its event
 * loop only.
 */
final class UpstreamPool {
  private final EventLoop loop;
  private final ProxyLimits limits;
  private final Duration keep;
  private final List<Upstream> idle = new ArrayList<>();
  private boolean sweeping;

  UpstreamPool(EventLoop loop, ProxyLimits limits, Duration keep) {
    this.loop = loop;
    this.limits = limits;
    this.keep = keep;
  }

  /** A half of the connection with this key that was used last, if there is one. */
  @Nullable UpstreamHalf take(UpstreamKey key) {
    for (int i = idle.size() - 1; i >= 0; i--) {
      Upstream upstream = idle.get(i);
      if (upstream.key().equals(key)) {
        idle.remove(i);
        return new Http1UpstreamHalf(upstream, this, limits);
      }
    }
    return null;
  }

  /** A half of a connection that was opened for it. */
  UpstreamHalf use(Upstream upstream) {
    return new Http1UpstreamHalf(upstream, this, limits);
  }

  /** Keeps a connection on which nothing is under way, or closes it if there is no room. */
  void put(Upstream upstream) {
    Side side = upstream.side();
    boolean full =
        idle.stream().filter(other -> other.key().equals(upstream.key())).count()
            >= limits.idlePerHost();
    if (full || limits.idleInAll() == 0 || side.inputEnded()) {
      side.listen(new Dropped());
      side.close();
      return;
    }
    if (idle.size() == limits.idleInAll()) {
      idle.removeFirst().side().close();
    }
    upstream.markIdle(System.nanoTime());
    idle.add(upstream);
    side.listen(new Idle(upstream));
    side.read();
    sweepLater();
  }

  private void sweepLater() {
    if (!sweeping && !idle.isEmpty()) {
      sweeping = true;
      var _ = loop.schedule(this::sweep, keep.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private void sweep() {
    sweeping = false;
    long now = System.nanoTime();
    while (!idle.isEmpty() && idle.getFirst().idleLongerThan(keep, now)) {
      idle.removeFirst().side().close();
    }
    sweepLater();
  }

  /** Listens to an idle connection: whatever happens on it, it cannot be used again. */
  private final class Idle implements Side.Events {
    private final Upstream upstream;

    Idle(Upstream upstream) {
      this.upstream = upstream;
    }

    @Override
    public void bytes(ByteBuf bytes) {
      bytes.release();
      drop();
    }

    @Override
    public void readComplete() {
      // A read without bytes, such as of a TLS session ticket.
      if (idle.contains(upstream)) {
        upstream.side().read();
      }
    }

    @Override
    public void ended() {
      drop();
    }

    @Override
    public void gone(@Nullable Throwable cause) {
      idle.remove(upstream);
    }

    @Override
    public void writable() {}

    private void drop() {
      idle.remove(upstream);
      upstream.side().close();
    }
  }
}
