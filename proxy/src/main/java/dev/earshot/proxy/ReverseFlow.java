package dev.earshot.proxy;

import dev.earshot.proxy.tls.InterceptTls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a connection whose client takes us for the origin: its first bytes say whether
 * it speaks HTTP/1, HTTP/2 or TLS. Of TLS, the origin is asked first what it speaks, if that is TLS
 * too; otherwise it is dialled by the first request.
 */
final class ReverseFlow implements Opening, Side.Events {
  private final ProxyContext context;
  private final ClientConnection client;
  private final ReverseListener listener;
  private ByteBuf early = Unpooled.EMPTY_BUFFER;
  private boolean sniffing = true;
  private @Nullable Future<Upstream> dialling;

  ReverseFlow(ProxyContext context, ClientConnection client, ReverseListener listener) {
    this.context = context;
    this.client = client;
    this.listener = listener;
  }

  @Override
  public void start() {
    early = client.takeUnread();
    client.side().listen(this);
    decide();
    if (sniffing && client.side().inputEnded()) {
      ended();
    } else if (sniffing) {
      client.side().read();
    }
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

  @Override
  public boolean isIdle() {
    return sniffing && !early.isReadable();
  }

  private void decide() {
    int length = Math.min(early.readableBytes(), ClientHello.MAX_BYTES);
    byte[] bytes = ByteBufUtil.getBytes(early, early.readerIndex(), length, true);
    switch (ConnectSniffer.decide(bytes, length)) {
      case NEED_MORE -> {}
      case OPAQUE -> refuse("neither HTTP nor TLS");
      case HTTP -> client.serve(origin(UpstreamKey.Offer.HTTP_1, null), over());
      case HTTP_2 -> client.serveHttp2(origin(offerOfHttp2(), null), over());
      case TLS -> {
        if (ClientHello.parse(bytes, length) instanceof ClientHello.Complete hello) {
          secure(hello);
        }
      }
    }
  }

  /** Of an origin in the clear nobody can ask whether it speaks HTTP/2: the client must know. */
  private UpstreamKey.Offer offerOfHttp2() {
    return listener.rule().target().isTls()
        ? UpstreamKey.Offer.HTTP_2
        : UpstreamKey.Offer.PRIOR_KNOWLEDGE;
  }

  private Origin origin(UpstreamKey.Offer offer, @Nullable DialFailure failure) {
    return Origin.reverse(listener.key(context.plan().upstreamProxies(), offer), failure);
  }

  private void secure(ClientHello.Complete hello) {
    if (!(context.plan().interception() instanceof Interception.On(InterceptTls tls))) {
      cut("TLS, and nothing is decrypted in this session; call http:// there");
      return;
    }
    String host = listener.address().getAddress().getHostAddress();
    if (!tls.canServe(hello.serverName(), host)) {
      cut(
          "TLS for %s, outside the name constraints of Earshot's CA; call http:// there"
              .formatted(hello.serverName().orElse(host)));
      return;
    }
    if (!hello.mayBeHttp()) {
      cut("TLS of a protocol other than HTTP");
      return;
    }
    sniffing = false;
    boolean http2 = hello.protocols().contains(ClientHandshake.H2);
    boolean only = http2 && !hello.protocols().contains(ClientHandshake.HTTP_1);
    var handshake = new ClientHandshake(context, client, tls, host);
    if (!listener.rule().target().isTls()) {
      var offer = only ? UpstreamKey.Offer.PRIOR_KNOWLEDGE : UpstreamKey.Offer.HTTP_1;
      shakeHands(handshake, origin(offer, null), only);
      return;
    }
    Origin asked = origin(http2 ? UpstreamKey.Offer.HTTP_2 : UpstreamKey.Offer.HTTP_1, null);
    Future<Upstream> dial = context.dialer().open(client.loop(), asked.key());
    dialling = dial;
    dial.addListener((Future<Upstream> opened) -> {
      boolean agreed = opened.isSuccess() && opened.getNow().speaksHttp2();
      if (opened.isSuccess()) {
        context.pool(client.loop()).put(opened.getNow());
      }
      if (client.isClosed()) {
        return;
      }
      var failure = opened.isSuccess() ? null : DialFailure.of(opened.cause());
      shakeHands(handshake, Origin.reverse(asked.key(), failure), only || (http2 && agreed));
    });
  }

  private void shakeHands(ClientHandshake handshake, Origin origin, boolean http2) {
    if (client.side().inputEnded()) {
      over().release();
      handshake.failed("the client closed the connection before the TLS handshake");
      client.close();
      return;
    }
    handshake.start(
        origin,
        List.of(http2 ? ClientHandshake.H2 : ClientHandshake.HTTP_1),
        over(),
        new ReverseWatch(handshake));
  }

  /** Refuses what can read an answer. */
  private void refuse(String what) {
    over().release();
    client.refuse(ErrorResponse.reverseOnly(listener.rule().targetUrl(), what), OptionalLong.of(0));
  }

  /** Refuses what cannot. */
  private void cut(String what) {
    over().release();
    client.report(
        ErrorResponse.reverseOnly(listener.rule().targetUrl(), what), OptionalLong.empty());
    client.close();
  }

  /** Hands the connection back, with what was read of it. */
  private ByteBuf over() {
    sniffing = false;
    client.side().listen(client);
    ByteBuf read = early;
    early = Unpooled.EMPTY_BUFFER;
    return read;
  }

  @Override
  public void bytes(ByteBuf bytes) {
    client.touch();
    early = Buffers.append(client.alloc(), early, bytes);
    if (sniffing) {
      decide();
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
    if (!sniffing) {
      // It can never finish its own handshake.
      cancel();
    } else if (early.isReadable()) {
      refuse("a connection that ended within its first line");
    } else {
      over().release();
      client.close();
    }
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    over().release();
    client.gone(cause);
  }

  @Override
  public void writable() {}
}
