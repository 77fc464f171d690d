package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Timings;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One way to an upstream, from the name to bytes that arrive there: look-up, TCP, and a tunnel
 * through another proxy where there is one. Everything within one time-out. On one event loop.
 */
final class Dial {
  private final EventLoop loop;
  private final UpstreamKey key;
  private final ProxyPlan plan;
  private final Resolver resolver;
  private final Supplier<Channel> channels;
  private final Promise<Upstream> promise;
  private final @Nullable HttpProxy proxy;
  private final String host;
  private final int port;
  private final long start = System.nanoTime();
  private boolean found;
  private long dnsNanos = Timings.NOT_APPLICABLE;
  private @Nullable Future<?> step;

  /**
   * Makes a dial; {@link #start} starts it.
   *
   * @param channels makes channels of the event loop with a side, not connected yet
   */
  Dial(
      EventLoop loop,
      UpstreamKey key,
      ProxyPlan plan,
      Resolver resolver,
      Supplier<Channel> channels) {
    this.loop = loop;
    this.key = key;
    this.plan = plan;
    this.resolver = resolver;
    this.channels = channels;
    this.promise = loop.newPromise();
    this.proxy = key.way() instanceof UpstreamProxies.Way.Through(var through) ? through : null;
    this.host = proxy != null ? proxy.host() : key.target().host();
    this.port = proxy != null ? proxy.port() : key.target().port();
  }

  /** Starts, and completes with an open connection without TLS, or fails with a DialFailure. */
  Future<Upstream> start() {
    var timer =
        loop.schedule(this::timedOut, plan.timeouts().connect().toNanos(), TimeUnit.NANOSECONDS);
    promise.addListener(done -> {
      timer.cancel(false);
      if (step != null) {
        step.cancel(false);
      }
    });
    find();
    return promise;
  }

  private void find() {
    Future<Resolver.Found> finding = resolver.find(loop, host, port, plan.timeouts().dns());
    step = finding;
    finding.addListener((Future<Resolver.Found> done) -> {
      if (promise.isDone()) {
        return;
      }
      if (!done.isSuccess()) {
        fail(done.cause());
      } else if (done.getNow().self()) {
        promise.tryFailure(DialFailure.loop());
      } else {
        found = true;
        dnsNanos = done.getNow().nanos();
        connect(done.getNow().addresses());
      }
    });
  }

  private void connect(List<InetAddress> addresses) {
    Future<Side> racing =
        AddressRace.run(loop, AddressOrder.interleaved(addresses), port, channels);
    step = racing;
    racing.addListener((Future<Side> won) -> {
      if (won.isSuccess()) {
        connected(won.getNow());
      } else {
        fail(won.cause());
      }
    });
  }

  private void connected(Side side) {
    if (promise.isDone()) {
      side.cut();
      return;
    }
    if (proxy == null || !key.tunnelled()) {
      open(side);
      return;
    }
    Future<Side> asking =
        ProxyTalk.start(side, new HttpConnect(proxy, key.target()), plan.limits().headBytes());
    step = asking;
    asking.addListener((Future<Side> asked) -> {
      if (asked.isSuccess()) {
        open(side);
      } else {
        fail(asked.cause());
      }
    });
  }

  private void open(Side side) {
    var upstream =
        new Upstream(
            side,
            key,
            AddressRace.place((InetSocketAddress) side.channel().remoteAddress()),
            dnsNanos,
            System.nanoTime() - start - Math.max(dnsNanos, 0),
            Timings.NOT_APPLICABLE,
            !key.target().isTls() && key.offer() == UpstreamKey.Offer.PRIOR_KNOWLEDGE);
    if (!promise.trySuccess(upstream)) {
      side.cut();
    }
  }

  private void timedOut() {
    Duration limit = plan.timeouts().connect();
    fail(
        found
            ? new DialFailure(FailureKind.CONNECT_TIMEOUT, "no answer within " + Text.time(limit))
            : Resolver.noAnswer(limit));
  }

  /** The reason is told after what failed. */
  private void fail(Throwable reason) {
    var failure = DialFailure.of(reason);
    String what =
        proxy == null
            ? "cannot connect to " + key.target().hostAndPort()
            : "cannot connect to the upstream proxy " + proxy;
    // What is wrong with a proxy on the way says nothing about the upstream.
    DialFailure.Why why = proxy == null ? failure.why() : DialFailure.Why.OTHER;
    promise.tryFailure(new DialFailure(failure.kind(), what + ": " + failure.text(), why));
  }
}
