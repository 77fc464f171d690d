package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Timings;
import dev.earshot.proxy.tls.UpstreamTls;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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
  private final @Nullable UpstreamProxy proxy;
  private final String host;
  private final int port;
  private final long start = System.nanoTime();
  private Optional<InetAddress> address = Optional.empty();
  private boolean found;
  private String what;
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
    this.what =
        proxy != null
            ? "cannot connect to the upstream proxy " + proxy
            : "cannot connect to " + key.target().hostAndPort();
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
    find(
        host,
        port,
        there -> {
          if (proxy == null || namesThere(proxy)) {
            connect(there.addresses());
          } else {
            findTarget(there.addresses());
          }
        });
  }

  private void find(String name, int itsPort, Consumer<Resolver.Found> then) {
    found = false;
    Future<Resolver.Found> finding = resolver.find(loop, name, itsPort, plan.timeouts().dns());
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
        long nanos = done.getNow().nanos();
        dnsNanos = nanos < 0 ? dnsNanos : nanos + Math.max(dnsNanos, 0);
        then.accept(done.getNow());
      }
    });
  }

  /** Whether it is the proxy that resolves the target's name, where it has one. */
  private boolean namesThere(UpstreamProxy through) {
    return switch (through) {
      case UpstreamProxy.Http _ -> true;
      case UpstreamProxy.Socks5 socks ->
          socks.namesThere()
              && !NetUtil.isValidIpV4Address(key.target().host())
              && !NetUtil.isValidIpV6Address(key.target().host());
      case UpstreamProxy.Socks4 socks ->
          socks.namesThere() && !NetUtil.isValidIpV4Address(key.target().host());
    };
  }

  private void findTarget(List<InetAddress> ofProxy) {
    String toProxy = what;
    what = "cannot connect to " + key.target().hostAndPort();
    find(
        key.target().host(),
        key.target().port(),
        target -> {
          address =
              target.addresses().stream()
                  .filter(one ->
                      !(proxy instanceof UpstreamProxy.Socks4) || one instanceof Inet4Address)
                  .findFirst();
          if (address.isEmpty()) {
            fail(
                new DialFailure(
                    FailureKind.DNS,
                    "no IPv4 address, and SOCKS 4 of " + proxy + " knows no other"));
            return;
          }
          what = toProxy;
          connect(ofProxy);
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
    } else if (proxy instanceof UpstreamProxy.Http http && http.tls()) {
      secure(side, http);
    } else {
      ask(side);
    }
  }

  private void secure(Side side, UpstreamProxy.Http http) {
    Duration limit = plan.timeouts().tls();
    Future<TlsHandshake.Made> shaking =
        TlsHandshake.start(
            side, plan.upstreamTls(), http.host(), http.port(), List.of("http/1.1"), limit);
    step = shaking;
    shaking.addListener((Future<TlsHandshake.Made> shaken) -> {
      if (shaken.isSuccess()) {
        ask(side);
      } else {
        Throwable cause = shaken.cause();
        if (cause instanceof TlsHandshake.Failed failed && failed.getCause() != null) {
          cause = failed.getCause();
        }
        String why = UpstreamTls.explainProxy(cause, http.host());
        fail(new DialFailure(FailureKind.UPSTREAM_TLS, why));
      }
    });
  }

  private void ask(Side side) {
    if (proxy == null || key.absoluteForm()) {
      open(side);
      return;
    }
    what =
        "cannot connect to %s through the upstream proxy %s"
            .formatted(key.target().hostAndPort(), proxy);
    Future<Side> asking = ProxyTalk.start(side, dialogue(proxy), plan.limits().headBytes());
    step = asking;
    asking.addListener((Future<Side> asked) -> {
      if (asked.isSuccess()) {
        open(side);
      } else {
        fail(asked.cause());
      }
    });
  }

  private ProxyDialogue dialogue(UpstreamProxy through) {
    return switch (through) {
      case UpstreamProxy.Http http -> new HttpConnect(http, key.target());
      case UpstreamProxy.Socks5 socks -> new Socks5Connect(socks, key.target(), address);
      case UpstreamProxy.Socks4 socks -> new Socks4Connect(socks, key.target(), address);
    };
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
    // What is wrong with a proxy on the way says nothing about the upstream.
    DialFailure.Why why = proxy == null ? failure.why() : DialFailure.Why.OTHER;
    promise.tryFailure(new DialFailure(failure.kind(), what + ": " + failure.text(), why));
  }
}
