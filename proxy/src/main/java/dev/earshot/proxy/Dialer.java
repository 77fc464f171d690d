package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.proxy.tls.UpstreamTls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens connections to upstreams: name, TCP, a tunnel through another proxy where there is one,
 * TLS. Every failure is a {@link DialFailure}. What it returns lives on the event loop it was asked
 * for.
 */
final class Dialer {
  /** How long the next address waits for the one before it (RFC 8305 section 5). */
  private static final Duration BETWEEN_ADDRESSES = Duration.ofMillis(250);

  private final ProxyPlan plan;
  private final Supplier<Channel> channels;
  private final EventLoops loops;
  private final Executor lookups;
  private final Set<Integer> ownPorts;

  /**
   * Makes a dialer.
   *
   * @param channels makes channels that are not connected yet
   * @param loops the loops it will be asked for
   * @param lookups runs name look-ups, which block; may reject them
   * @param ownPorts the proxy's own ports, which are not dialled on any address of this machine
   */
  Dialer(
      ProxyPlan plan,
      Supplier<Channel> channels,
      EventLoops loops,
      Executor lookups,
      Set<Integer> ownPorts) {
    this.plan = plan;
    this.channels = channels;
    this.loops = loops;
    this.lookups = lookups;
    this.ownPorts = Set.copyOf(ownPorts);
  }

  /** Whether a target is this proxy, as far as can be said without looking a name up. */
  boolean isSelf(String host, int port) {
    if (!ownPorts.contains(port)) {
      return false;
    }
    List<InetAddress> known = withoutLookup(host);
    return !known.isEmpty() && known.stream().anyMatch(Dialer::isOfThisMachine);
  }

  /** Whether a host is surely the loopback, without a look-up. */
  static boolean isLoopback(String host) {
    List<InetAddress> known = withoutLookup(host);
    return !known.isEmpty() && known.stream().allMatch(InetAddress::isLoopbackAddress);
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
    Promise<Upstream> promise = loop.newPromise();
    var attempt = new Attempt(loop, key, promise);
    attempt.resolve();
    return promise;
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

  /**
   * One attempt: the addresses of a name, each a little after the one before or when that failed,
   * all within one time-out. The first that answers is taken (RFC 8305, simplified).
   */
  private final class Attempt {
    private final EventLoop loop;
    private final UpstreamKey key;
    private final Promise<Upstream> promise;
    private final @Nullable HttpProxy proxy;
    private final String host;
    private final int port;
    private final long start = System.nanoTime();
    private long dnsNanos = Timings.NOT_APPLICABLE;
    private int next;
    private int pending;
    private boolean answered;
    private @Nullable Runnable firstFailure;
    private final List<Channel> tried = new ArrayList<>();

    Attempt(EventLoop loop, UpstreamKey key, Promise<Upstream> promise) {
      this.loop = loop;
      this.key = key;
      this.promise = promise;
      this.proxy = key.way() instanceof UpstreamProxies.Way.Through(var through) ? through : null;
      this.host = proxy != null ? proxy.host() : key.target().host();
      this.port = proxy != null ? proxy.port() : key.target().port();
      promise.addListener(done -> {
        if (done.isCancelled()) {
          for (Channel channel : tried) {
            var _ = channel.close();
          }
        }
      });
    }

    void resolve() {
      List<InetAddress> known = withoutLookup(host);
      if (!known.isEmpty()) {
        resolved(known, known.stream().anyMatch(this::isSelf));
        return;
      }
      var timeout = loop.schedule(this::timedOut, timeout().toNanos(), TimeUnit.NANOSECONDS);
      try {
        lookups.execute(() -> {
          List<InetAddress> found = lookUp(host);
          boolean self = found.stream().anyMatch(this::isSelf);
          EventLoops.run(
              loop,
              () -> {
                timeout.cancel(false);
                dnsNanos = System.nanoTime() - start;
                resolved(found, self);
              });
        });
      } catch (RejectedExecutionException tooMany) {
        timeout.cancel(false);
        fail(FailureKind.DNS, "too many names are being looked up");
      }
    }

    private boolean isSelf(InetAddress address) {
      return ownPorts.contains(port) && isOfThisMachine(address);
    }

    private void resolved(List<InetAddress> addresses, boolean self) {
      if (promise.isDone()) {
        return;
      }
      if (self) {
        promise.setFailure(DialFailure.loop());
      } else if (addresses.isEmpty()) {
        fail(FailureKind.DNS, "no address for the name");
      } else {
        connectNext(addresses);
      }
    }

    private void connectNext(List<InetAddress> addresses) {
      long left = timeout().toNanos() - (System.nanoTime() - start);
      if (answered || promise.isDone() || next == addresses.size()) {
        return;
      }
      if (left <= 0) {
        timedOut();
        return;
      }
      var address = new InetSocketAddress(addresses.get(next++), port);
      pending++;
      var following =
          loop.schedule(
              () -> connectNext(addresses), BETWEEN_ADDRESSES.toNanos(), TimeUnit.NANOSECONDS);
      promise.addListener(done -> following.cancel(false));
      int millis = Math.clamp(TimeUnit.NANOSECONDS.toMillis(left), 1, Integer.MAX_VALUE);
      Channel channel;
      try {
        channel = channels.get();
      } catch (ChannelException e) {
        pending--;
        failed(addresses, address, e);
        return;
      }
      tried.add(channel);
      new Side(new Dropped()).prepare(channel, plan.limits());
      channel.config().setAutoClose(false);
      channel.config().setConnectTimeoutMillis(millis);
      loops
          .register(loop, channel)
          .addListener((ChannelFuture registered) -> {
            if (registered.isSuccess()) {
              channel
                  .connect(address)
                  .addListener(connected -> answered(addresses, address, channel, connected));
            } else {
              answered(addresses, address, channel, registered);
            }
          });
    }

    private void answered(
        List<InetAddress> addresses,
        InetSocketAddress address,
        Channel channel,
        Future<?> connected) {
      pending--;
      if (connected.isSuccess()) {
        connected(channel, address);
      } else {
        var _ = channel.close();
        failed(addresses, address, connected.cause());
      }
    }

    /** The first failure is the one to tell, once no other address can answer any more. */
    private void failed(List<InetAddress> addresses, InetSocketAddress address, Throwable cause) {
      if (firstFailure == null) {
        firstFailure = () -> refused(address, cause);
      }
      connectNext(addresses);
      if (pending == 0 && next == addresses.size() && !answered) {
        firstFailure.run();
      }
    }

    private void connected(Channel channel, InetSocketAddress address) {
      Side side = channel.pipeline().get(Side.class);
      if (answered || promise.isDone()) {
        side.cut();
        return;
      }
      answered = true;
      String remote = Authority.inUrl(address.getAddress().getHostAddress()) + ":" + port;
      long connectNanos = System.nanoTime() - start - Math.max(dnsNanos, 0);
      var upstream =
          new Upstream(
              side,
              key,
              remote,
              dnsNanos,
              connectNanos,
              Timings.NOT_APPLICABLE,
              !key.target().isTls() && key.offer() == UpstreamKey.Offer.PRIOR_KNOWLEDGE);
      if (proxy != null && key.tunnelled()) {
        askForTunnel(upstream, proxy);
      } else if (!promise.trySuccess(upstream)) {
        side.cut();
      }
    }

    private void askForTunnel(Upstream upstream, HttpProxy through) {
      Side side = upstream.side();
      String authority = key.target().hostAndPort();
      List<Header> headers = new ArrayList<>();
      headers.add(new Header("Host", authority));
      through
          .authorization()
          .ifPresent(value -> headers.add(new Header("Proxy-Authorization", value)));
      long left = timeout().toNanos() - (System.nanoTime() - start);
      var timer =
          loop.schedule(
              () -> {
                side.cut();
                timedOut();
              },
              left,
              TimeUnit.NANOSECONDS);
      promise.addListener(done -> timer.cancel(false));
      side.listen(new TunnelAnswer(upstream));
      side.write(
          HeadWriter.write(
              side.channel().alloc(),
              new RequestHead("CONNECT", authority, HttpVersion.HTTP_1_1, headers)));
      side.flush();
      side.read();
    }

    private void refused(InetSocketAddress address, Throwable cause) {
      if (cause instanceof ConnectTimeoutException) {
        timedOut();
      } else {
        String where = Authority.inUrl(address.getAddress().getHostAddress()) + ":" + port;
        fail(FailureKind.CONNECT, reason(cause) + " (" + where + ")", why(cause));
      }
    }

    private void timedOut() {
      fail(FailureKind.CONNECT_TIMEOUT, "no answer within %d ms".formatted(timeout().toMillis()));
    }

    private void fail(FailureKind kind, String text) {
      fail(kind, text, DialFailure.Why.OTHER);
    }

    private void fail(FailureKind kind, String text, DialFailure.Why why) {
      String what =
          proxy == null
              ? "cannot connect to " + key.target().hostAndPort()
              : "cannot connect to the upstream proxy " + proxy;
      promise.tryFailure(
          new DialFailure(kind, what + ": " + text, proxy == null ? why : DialFailure.Why.OTHER));
    }

    private Duration timeout() {
      return plan.timeouts().connect();
    }

    /** Waits for the answer of another proxy to our CONNECT. */
    private final class TunnelAnswer implements Side.Events {
      private final Upstream upstream;
      private byte[] head = {};

      TunnelAnswer(Upstream upstream) {
        this.upstream = upstream;
      }

      @Override
      public void bytes(ByteBuf bytes) {
        byte[] more = ByteBufUtil.getBytes(bytes);
        bytes.release();
        int before = head.length;
        head = Arrays.copyOf(head, before + more.length);
        System.arraycopy(more, 0, head, before, more.length);
        switch (HeadParser.response(head, head.length)) {
          case ParsedHead.Complete<ResponseHead>(var answer, var consumed) ->
              answered(answer, consumed);
          case ParsedHead.NeedMore<ResponseHead>() -> {
            if (head.length > plan.limits().headBytes()) {
              failed("its answer is too long");
            }
          }
          case ParsedHead.Malformed<ResponseHead>(var reason, _) ->
              failed("its answer is malformed: " + reason);
        }
      }

      private void answered(ResponseHead answer, int consumed) {
        if (answer.status() / 100 != 2) {
          failed("it answered CONNECT with %d %s".formatted(answer.status(), answer.reason()));
        } else {
          // In some protocols the server speaks first; its bytes may come with the answer.
          upstream.side().unread(Unpooled.wrappedBuffer(head, consumed, head.length - consumed));
          upstream.side().listen(new Dropped());
          if (!promise.trySuccess(upstream)) {
            upstream.side().cut();
          }
        }
      }

      private void failed(String why) {
        upstream.side().cut();
        fail(FailureKind.CONNECT, why);
      }

      @Override
      public void readComplete() {
        if (!promise.isDone()) {
          upstream.side().read();
        }
      }

      @Override
      public void ended() {
        failed("it closed the connection");
      }

      @Override
      public void gone(@Nullable Throwable cause) {
        fail(FailureKind.CONNECT, "it closed the connection");
      }

      @Override
      public void writable() {}
    }
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

  /** The addresses of what needs no look-up; empty if it needs one. */
  private static List<InetAddress> withoutLookup(String host) {
    String name = Authority.canonicalHost(host);
    try {
      if (name.equals("localhost") || name.endsWith(".localhost")) {
        // RFC 6761 section 6.3: always the loopback; both of them, whatever the hosts file has.
        return List.of(
            InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1}),
            InetAddress.getByAddress(
                host, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
      }
      byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
      return literal == null ? List.of() : List.of(InetAddress.getByAddress(literal));
    } catch (UnknownHostException badLength) {
      return List.of();
    }
  }

  private static List<InetAddress> lookUp(String host) {
    try {
      return List.of(InetAddress.getAllByName(host));
    } catch (UnknownHostException unknown) {
      return List.of();
    }
  }

  private static boolean isOfThisMachine(InetAddress address) {
    if (address.isAnyLocalAddress() || address.isLoopbackAddress()) {
      return true;
    }
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException unknown) {
      return false;
    }
  }

  /** What the operating system said, without the wrapping. */
  private static String reason(Throwable cause) {
    return switch (why(cause)) {
      case REFUSED -> "connection refused";
      case NO_ROUTE -> "no route to the host";
      case NETWORK_UNREACHABLE -> "network unreachable";
      case LOOP, OTHER_PROTOCOL, OTHER -> String.valueOf(cause.getMessage());
    };
  }

  private static DialFailure.Why why(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    if (message.contains("refused")) {
      return DialFailure.Why.REFUSED;
    }
    if (cause instanceof NoRouteToHostException || message.contains("route to host")) {
      return DialFailure.Why.NO_ROUTE;
    }
    return message.contains("nreachable")
        ? DialFailure.Why.NETWORK_UNREACHABLE
        : DialFailure.Why.OTHER;
  }
}
