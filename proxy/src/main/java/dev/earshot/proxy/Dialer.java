package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.proxy.tls.CertificateRequest;
import dev.earshot.proxy.tls.UpstreamTls;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import io.netty.util.concurrent.Promise;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Opens connections to upstreams: name, TCP, a tunnel through another proxy where there is one,
 * TLS. Every failure is a {@link DialFailure}. What it returns lives on the event loop it was asked
 * for.
 */
final class Dialer {
  private final ProxyPlan plan;
  private final Supplier<Channel> channels;
  private final EventLoops loops;
  private final Resolver resolver;
  private final AtomicInteger dials = new AtomicInteger();

  /**
   * Makes a dialer.
   *
   * @param channels makes channels that are not connected yet
   * @param loops the loops it will be asked for
   * @param resolver finds addresses; where it finds the proxy itself, nothing is dialled
   */
  Dialer(ProxyPlan plan, Supplier<Channel> channels, EventLoops loops, Resolver resolver) {
    this.plan = plan;
    this.channels = channels;
    this.loops = loops;
    this.resolver = resolver;
  }

  /** Whether a target is this proxy, as far as can be said without looking a name up. */
  boolean isSelf(String host, int port) {
    return resolver.isSelf(host, port);
  }

  /** Opens a connection on which a request for the key can be sent. */
  Future<Upstream> open(EventLoop loop, UpstreamKey key) {
    Promise<Upstream> opened = loop.newPromise();
    Future<Upstream> connecting = connect(loop, key);
    endTogether(opened, connecting);
    connecting.addListener((Future<Upstream> connected) -> {
      if (connected.isSuccess() && key.target().isTls()) {
        Future<Upstream> securing = secure(connected.getNow(), key);
        endTogether(opened, securing);
        securing.addListener(new Passing(opened));
      } else {
        new Passing(opened).operationComplete(connected);
      }
    });
    return opened;
  }

  /** Nobody waits for a step of what is cancelled. */
  private static void endTogether(Future<?> whole, Future<?> step) {
    whole.addListener(done -> {
      if (done.isCancelled()) {
        step.cancel(false);
      }
    });
  }

  /** Opens a connection for the key as far as TCP, or the tunnel, without TLS. */
  Future<Upstream> connect(EventLoop loop, UpstreamKey key) {
    int most = plan.limits().dials();
    if (dials.incrementAndGet() > most) {
      dials.decrementAndGet();
      return loop.newFailedFuture(
          new DialFailure(
              FailureKind.CONNECT,
              "cannot connect to %s: too many connections are being made (the limit is %d)"
                  .formatted(key.target().hostAndPort(), most)));
    }
    Future<Upstream> dial = new Dial(loop, key, plan, resolver, () -> channel(loop)).start();
    dial.addListener(done -> dials.decrementAndGet());
    return dial;
  }

  /** A channel of the loop, not connected yet. One that cannot be registered is closed by that. */
  private Channel channel(EventLoop loop) {
    Channel channel = channels.get();
    new Side(new Dropped()).prepare(channel, plan.limits());
    channel.config().setAutoClose(false);
    channel.config().setConnectTimeoutMillis(0);
    var _ = loops.register(loop, channel);
    return channel;
  }

  /** Makes the TLS handshake on an open connection, which is closed if it fails. */
  Future<Upstream> secure(Upstream upstream, UpstreamKey key) {
    Promise<Upstream> promise = upstream.side().channel().eventLoop().newPromise();
    long start = System.nanoTime();
    Future<TlsHandshake.Made> shaking =
        TlsHandshake.start(
            upstream.side(),
            plan.upstreamTls(),
            key.tlsName(),
            key.target().port(),
            key.offer().alpn(),
            plan.timeouts().tls());
    endTogether(promise, shaking);
    shaking.addListener((Future<TlsHandshake.Made> shaken) -> {
      if (!shaken.isSuccess()) {
        promise.tryFailure(tlsFailure(key, shaken.cause()));
      } else {
        TlsHandshake.Made made = shaken.getNow();
        boolean http2 = made.protocol().equals("h2");
        Upstream secured = upstream.as(key, System.nanoTime() - start, http2);
        secured.asksFor(made.request());
        if (!promise.trySuccess(secured)) {
          upstream.side().cut();
        }
      }
    });
    return promise;
  }

  private static DialFailure tlsFailure(UpstreamKey key, Throwable failure) {
    Throwable cause = failure;
    var request = CertificateRequest.NONE;
    if (failure instanceof TlsHandshake.Failed failed && failed.getCause() != null) {
      cause = failed.getCause();
      request = failed.request();
    }
    String text = UpstreamTls.explain(cause, key.tlsName(), request);
    return UpstreamTls.isOtherProtocol(cause)
        ? DialFailure.otherProtocol(text)
        : new DialFailure(FailureKind.UPSTREAM_TLS, text);
  }

  /** Completes one promise as another future is. */
  private record Passing(Promise<Upstream> to) implements GenericFutureListener<Future<Upstream>> {
    @Override
    public void operationComplete(Future<Upstream> from) {
      if (from.isSuccess()) {
        if (!to.trySuccess(from.getNow())) {
          from.getNow().side().cut();
        }
      } else {
        to.tryFailure(from.cause());
      }
    }
  }
}
