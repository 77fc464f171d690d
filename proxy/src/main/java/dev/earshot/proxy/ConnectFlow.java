package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.proxy.tls.InterceptTls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A CONNECT, of HTTP or of SOCKS, from the dial to what the tunnel turns out to be. The upstream is
 * dialled first, so that a client hears of a failure as the answer to its CONNECT; then whoever
 * speaks first decides: an upstream that does gets an opaque tunnel, and a client's first bytes say
 * what they are. So no protocol has to wait for a time-out. On the event loop of the client's
 * connection.
 */
final class ConnectFlow implements Opening {
  private static final String H2 = ClientHandshake.H2;
  private static final String HTTP_1 = ClientHandshake.HTTP_1;

  /** More than an upstream says before it hears of its client. */
  private static final int MOST_SAID = 4 << 10;

  private final ProxyContext context;
  private final ClientConnection client;
  private final RequestHead head;
  private final ConnectAnswer answer;
  private final UpstreamKey key;
  private final Optional<TunnelReason> opaque;
  private @Nullable Future<Upstream> dialling;
  private @Nullable Upstream upstream;
  private boolean sniffing;

  /** When it was decided to decrypt. */
  private long begun;

  private ByteBuf early = Unpooled.EMPTY_BUFFER;

  /** What the upstream said first, as one of HTTP/2 does (RFC 9113 section 3.4). */
  private ByteBuf said = Unpooled.EMPTY_BUFFER;

  /** For the request that the head is, or would be, to be told of by the answer. */
  ConnectFlow(
      ProxyContext context,
      ClientConnection client,
      RequestHead head,
      String host,
      int port,
      ConnectAnswer answer) {
    this.context = context;
    this.client = client;
    this.head = head;
    this.answer = answer;
    var target = new Target("https", host, port);
    this.key =
        new UpstreamKey(
            target,
            host,
            context.plan().upstreamProxies().decide(target.scheme(), host, port),
            true,
            UpstreamKey.Offer.HTTP_1);
    this.opaque = opaqueReason(context.plan(), host, port);
  }

  private static Optional<TunnelReason> opaqueReason(ProxyPlan plan, String host, int port) {
    if (plan.passthrough().stream().anyMatch(pattern -> pattern.matches(host, port))) {
      return Optional.of(TunnelReason.PASSTHROUGH);
    }
    return switch (plan.interception()) {
      case Interception.Off() -> Optional.of(TunnelReason.NO_INTERCEPT);
      case Interception.On _ -> Optional.empty();
    };
  }

  @Override
  public void start() {
    dialling(context.dialer().connect(client.loop(), key))
        .addListener((Future<Upstream> dialled) -> {
          if (dialled.isSuccess()) {
            connected(dialled.getNow());
          } else {
            refused(DialFailure.of(dialled.cause()));
          }
        });
  }

  private Future<Upstream> dialling(Future<Upstream> dial) {
    dialling = dial;
    return dial;
  }

  @Override
  public void cancel() {
    if (dialling != null) {
      dialling.cancel(false);
    }
  }

  @Override
  public boolean isWaiting() {
    return sniffing;
  }

  /** Whether nobody has said anything in the tunnel yet. */
  @Override
  public boolean isIdle() {
    return sniffing && !early.isReadable();
  }

  private void refused(DialFailure failure) {
    if (client.isClosed()) {
      return;
    }
    if (failure.isLoop()) {
      client.report(failure.answer(), OptionalLong.empty());
      answer.failed(failure);
      return;
    }
    if (opaque.isPresent()) {
      tunnelFailed(failure);
    } else {
      // What would have been exchanges is shown as one that failed.
      client
          .begin(head, key.target().url(""), key.target().host())
          .failed(kind(failure), failure.text());
    }
    answer.failed(failure);
  }

  private void tunnelFailed(DialFailure failure) {
    context
        .events()
        .accept(
            new TrafficEvent.TunnelFailed(
                context.nextId(), key.target().host(), kind(failure), failure.text()));
  }

  /** Whatever a dial says within a stop: it ends with the event loops. */
  private FailureKind kind(DialFailure failure) {
    return client.stopping() ? FailureKind.STOPPING : failure.kind();
  }

  private void connected(Upstream connection) {
    if (client.isClosed()) {
      connection.side().cut();
      return;
    }
    upstream = connection;
    answer.connected();
    early = client.takeUnread();
    if (opaque.isPresent()) {
      tunnel(connection, opaque.get(), takeSaid());
      return;
    }
    sniffing = true;
    client.side().listen(new FromClient());
    connection.side().listen(new FromUpstream());
    decide(connection);
    if (sniffing && client.side().inputEnded()) {
      tunnel(connection, TunnelReason.NOT_TLS, takeSaid());
    } else if (sniffing) {
      client.side().read();
      connection.side().read();
    }
  }

  private void decide(Upstream connection) {
    int length = Math.min(early.readableBytes(), ClientHello.MAX_BYTES);
    byte[] bytes = ByteBufUtil.getBytes(early, early.readerIndex(), length, true);
    switch (ConnectSniffer.decide(bytes, length)) {
      case NEED_MORE -> {}
      case OPAQUE -> tunnel(connection, TunnelReason.NOT_TLS, takeSaid());
      case HTTP_2 -> plain(connection, UpstreamKey.Offer.PRIOR_KNOWLEDGE);
      case HTTP, TLS -> {
        if (said.isReadable()) {
          // An upstream that spoke first speaks neither.
          tunnel(connection, TunnelReason.NOT_TLS, takeSaid());
        } else if (ConnectSniffer.decide(bytes, length) == ConnectSniffer.Kind.HTTP) {
          plain(connection, UpstreamKey.Offer.HTTP_1);
        } else if (ClientHello.parse(bytes, length) instanceof ClientHello.Complete hello) {
          if (hello.mayBeHttp()) {
            secureOrTunnel(connection, hello);
          } else {
            tunnel(connection, TunnelReason.NOT_HTTP, takeSaid());
          }
        }
      }
    }
  }

  private void plain(Upstream connection, UpstreamKey.Offer offer) {
    sniffing = false;
    var target = new Target("http", key.target().host(), key.target().port());
    var plainKey = new UpstreamKey(target, key.tlsName(), key.way(), key.tunnelled(), offer);
    boolean http2 = offer == UpstreamKey.Offer.PRIOR_KNOWLEDGE;
    upstream = null;
    if (http2) {
      connection.side().unread(takeSaid());
    }
    context.pool(client.loop()).put(connection.as(plainKey, Timings.NOT_APPLICABLE, http2));
    var origin = new Origin(plainKey, null);
    if (http2) {
      client.serveHttp2(origin, takeEarly());
    } else {
      client.serve(origin, takeEarly());
    }
  }

  /** Whom the client would refuse our certificate for, it reaches as it would without a proxy. */
  private void secureOrTunnel(Upstream connection, ClientHello.Complete hello) {
    String name = hello.serverName().orElse(key.tlsName());
    if (tls().canServe(hello.serverName(), key.target().host())) {
      begun = System.nanoTime();
      if (context.rejections().passes(name, client.process(), begun)) {
        tunnel(connection, TunnelReason.CLIENT_REJECTED_CA, takeSaid());
      } else {
        secure(connection, hello);
      }
      return;
    }
    if (!context.constrainedTold().getAndSet(true)) {
      String host = hello.serverName().orElse(key.target().host());
      context
          .events()
          .accept(
              new TrafficEvent.Warning(
                  "ca_constrained",
                  Text.printable(
                      host
                          + " is outside the name constraints of Earshot's CA, so it passes"
                          + " undecrypted, as will all others outside"),
                  Optional.of("earshot ca rotate --constrain makes a CA for other names")));
    }
    tunnel(connection, TunnelReason.CA_CONSTRAINED, takeSaid());
  }

  private InterceptTls tls() {
    if (!(context.plan().interception() instanceof Interception.On(InterceptTls tls))) {
      throw new IllegalStateException("nothing is intercepted");
    }
    return tls;
  }

  private ClientHandshake handshake() {
    return new ClientHandshake(context, client, tls(), key.target().host());
  }

  private void secure(Upstream connection, ClientHello.Complete hello) {
    sniffing = false;
    boolean http2 = hello.protocols().contains(H2);
    var named =
        new UpstreamKey(
            key.target(),
            hello.serverName().orElse(key.tlsName()),
            key.way(),
            key.tunnelled(),
            http2 ? UpstreamKey.Offer.HTTP_2 : UpstreamKey.Offer.HTTP_1);
    dialling(context.dialer().secure(connection, named))
        .addListener((Future<Upstream> secured) -> {
          boolean again =
              !http2 && !secured.isSuccess() && DialFailure.of(secured.cause()).isOtherProtocol();
          if (again) {
            // Its client would fail without a proxy; with one it need not.
            UpstreamKey other = named.offering(UpstreamKey.Offer.HTTP_2);
            dialling(context.dialer().open(client.loop(), other))
                .addListener((Future<Upstream> opened) -> secured(other, hello, opened));
          } else {
            secured(named, hello, secured);
          }
        });
  }

  private void secured(UpstreamKey named, ClientHello.Complete hello, Future<Upstream> secured) {
    upstream = null;
    boolean agreed = secured.isSuccess() && secured.getNow().speaksHttp2();
    if (secured.isSuccess()) {
      context.pool(client.loop()).put(secured.getNow());
    }
    if (client.isClosed() || client.side().inputEnded()) {
      takeEarly().release();
      handshake().failed("the client closed the connection before the TLS handshake");
      client.close();
      return;
    }
    if (context.rejections().rejectedSince(named.tlsName(), client.process(), begun)) {
      passAfterAll();
      return;
    }
    // What the upstream speaks, if the client can: then nothing has to be translated.
    boolean http2 = hello.protocols().contains(H2);
    boolean only = http2 && !hello.protocols().contains(HTTP_1);
    var origin = new Origin(named, secured.isSuccess() ? null : DialFailure.of(secured.cause()));
    ClientHandshake handshake = handshake();
    handshake.start(
        origin,
        List.of((agreed && http2) || only ? H2 : HTTP_1),
        takeEarly(),
        new CertificateWatch(handshake, named.tlsName()));
  }

  /** A client that tries again at once may be here before it is known that it rejected. */
  private void passAfterAll() {
    dialling(context.dialer().connect(client.loop(), key))
        .addListener((Future<Upstream> dialled) -> {
          if (!dialled.isSuccess()) {
            takeEarly().release();
            if (client.isClosed() || client.side().inputEnded()) {
              handshake().failed("the client closed the connection before the tunnel");
            } else {
              tunnelFailed(DialFailure.of(dialled.cause()));
            }
            client.close();
          } else if (client.isClosed()) {
            dialled.getNow().side().cut();
          } else {
            tunnel(dialled.getNow(), TunnelReason.CLIENT_REJECTED_CA, Unpooled.EMPTY_BUFFER);
          }
        });
  }

  private void tunnel(Upstream connection, TunnelReason why, ByteBuf bytesOfUpstream) {
    sniffing = false;
    upstream = null;
    long id = context.nextId();
    context
        .events()
        .accept(
            new TrafficEvent.TunnelOpened(
                id, client.id(), client.process(), key.target().host(), why));
    client.tunnel(
        connection.side(),
        takeEarly(),
        bytesOfUpstream,
        Relay.Tap.NONE,
        relay ->
            context.events().accept(new TrafficEvent.TunnelClosed(id, relay.up(), relay.down())));
  }

  private ByteBuf takeSaid() {
    ByteBuf taken = said;
    said = Unpooled.EMPTY_BUFFER;
    return taken;
  }

  private ByteBuf takeEarly() {
    ByteBuf taken = early;
    early = Unpooled.EMPTY_BUFFER;
    return taken;
  }

  /** Listens to the client until it is known what the tunnel is, and through TLS upstream. */
  private final class FromClient implements Side.Events {
    @Override
    public void bytes(ByteBuf bytes) {
      client.touch();
      early = Buffers.append(client.alloc(), early, bytes);
      if (sniffing && upstream != null) {
        decide(upstream);
      }
    }

    @Override
    public void readComplete() {
      if (sniffing) {
        client.side().read();
      }
    }

    @Override
    public void ended() {
      if (sniffing && upstream != null) {
        tunnel(upstream, TunnelReason.NOT_TLS, takeSaid());
      } else {
        // It can never finish its own handshake.
        cancel();
      }
    }

    @Override
    public void gone(@Nullable Throwable cause) {
      sniffing = false;
      cancel();
      if (upstream != null) {
        upstream.side().cut();
      }
      takeEarly().release();
      takeSaid().release();
      client.gone(cause);
    }

    @Override
    public void writable() {}
  }

  /** Listens to the upstream until it is known what the tunnel is. */
  private final class FromUpstream implements Side.Events {
    @Override
    public void bytes(ByteBuf bytes) {
      if (sniffing && upstream != null) {
        said = Buffers.append(client.alloc(), said, bytes);
        int length = Math.min(said.readableBytes(), MOST_SAID);
        byte[] first = ByteBufUtil.getBytes(said, said.readerIndex(), length, true);
        if (length == MOST_SAID || !ConnectSniffer.mayBeSettings(first, length)) {
          tunnel(upstream, TunnelReason.NOT_TLS, takeSaid());
        }
      } else {
        bytes.release();
      }
    }

    @Override
    public void readComplete() {
      if (sniffing && upstream != null) {
        upstream.side().read();
      }
    }

    @Override
    public void ended() {
      if (sniffing && upstream != null) {
        tunnel(upstream, TunnelReason.NOT_TLS, takeSaid());
      }
    }

    @Override
    public void gone(@Nullable Throwable cause) {
      ended();
    }

    @Override
    public void writable() {}
  }
}
