package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.proxy.tls.UpstreamTls;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import io.netty.util.concurrent.Promise;
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
  private static void endTogether(Future<Upstream> whole, Future<Upstream> step) {
    whole.addListener(done -> {
      if (done.isCancelled()) {
        step.cancel(false);
      }
    });
  }

  /** Opens a connection for the key as far as TCP, or the tunnel, without TLS. */
  Future<Upstream> connect(EventLoop loop, UpstreamKey key) {
    return new Dial(loop, key, plan, resolver, () -> channel(loop)).start();
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
    Channel channel = upstream.side().channel();
    Promise<Upstream> promise = channel.eventLoop().newPromise();
    long start = System.nanoTime();
    SslHandler tls;
    try {
      tls =
          plan.upstreamTls()
              .newHandler(channel.alloc(), key.tlsName(), key.target().port(), key.offer().alpn());
    } catch (RuntimeException e) {
      upstream.side().cut();
      return promise.setFailure(tlsFailure(key, e));
    }
    tls.setHandshakeTimeoutMillis(plan.timeouts().tls().toMillis());
    upstream.side().listen(new Dropped());
    promise.addListener(done -> {
      if (done.isCancelled()) {
        upstream.side().cut();
      }
    });
    channel.pipeline().addFirst(tls);
    tls.handshakeFuture()
        .addListener((Future<Channel> shaken) -> {
          if (shaken.isSuccess()) {
            boolean http2 = "h2".equals(tls.applicationProtocol());
            promise.trySuccess(upstream.as(key, System.nanoTime() - start, http2));
          } else {
            upstream.side().cut();
            promise.tryFailure(tlsFailure(key, shaken.cause()));
          }
        });
    upstream.side().read();
    return promise;
  }

  private static DialFailure tlsFailure(UpstreamKey key, Throwable cause) {
    String text = UpstreamTls.explain(cause, key.tlsName());
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
