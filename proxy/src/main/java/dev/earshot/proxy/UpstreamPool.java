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
  private final Http2Windows windows;
  private final Duration keep;
  private final List<Upstream> idle = new ArrayList<>();
  private final List<Http2Upstream> shared = new ArrayList<>();
  private boolean sweeping;

  UpstreamPool(EventLoop loop, ProxyLimits limits, Http2Windows windows, Duration keep) {
    this.loop = loop;
    this.limits = limits;
    this.windows = windows;
    this.keep = keep;
  }

  /** A half of the connection with this key that was used last, if there is one. */
  @Nullable UpstreamHalf take(UpstreamKey key) {
    Http2Upstream http2 = leastUsed(key);
    if (http2 != null) {
      return http2.open();
    }
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
    return upstream.speaksHttp2()
        ? share(upstream).open()
        : new Http1UpstreamHalf(upstream, this, limits);
  }

  /** A connection of HTTP/2 with this key that has room for another stream. */
  @Nullable Http2Upstream leastUsed(UpstreamKey key) {
    Http2Upstream best = null;
    for (Http2Upstream each : shared) {
      if (each.connection().key().equals(key)
          && each.hasRoom()
          && (best == null || each.streams() < best.streams())) {
        best = each;
      }
    }
    return best;
  }

  /** Begins HTTP/2 on a connection, which all may use from then on. */
  Http2Upstream share(Upstream upstream) {
    var made = new Http2Upstream(upstream, limits, windows, shared::remove);
    closeUnwanted();
    shared.add(made);
    made.start();
    upstream.markIdle(System.nanoTime());
    sweepLater();
    return made;
  }

  /** Makes room: those that nobody wants count as idle ones. */
  private void closeUnwanted() {
    List<Http2Upstream> unwanted = shared.stream().filter(each -> !each.isWanted()).toList();
    if (unwanted.size() >= Math.max(limits.idleInAll(), 1)) {
      shared.remove(unwanted.getFirst());
      unwanted.getFirst().close();
    }
  }

  /** Keeps a connection on which nothing is under way, or closes it if there is no room. */
  void put(Upstream upstream) {
    if (upstream.speaksHttp2()) {
      var _ = share(upstream);
      return;
    }
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
    if (!sweeping && !(idle.isEmpty() && shared.isEmpty())) {
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
    for (Http2Upstream each : List.copyOf(shared)) {
      if (each.isWanted()) {
        each.connection().markIdle(now);
      } else if (each.connection().idleLongerThan(keep, now)) {
        shared.remove(each);
        each.close();
      }
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
