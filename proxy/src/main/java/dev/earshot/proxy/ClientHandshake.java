package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.proxy.tls.InterceptTls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Optional;

/**
 * Our side of TLS with a client that takes us for the origin, after which its requests are served.
 *
 * @param host whom the client connected to, for a certificate where it names nobody, and for events
 */
record ClientHandshake(
    ProxyContext context, ClientConnection client, InterceptTls tls, String host) {
  private static final String HINT =
      "make the client trust Earshot's CA, or let it call http:// there";

  static final String H2 = "h2";
  static final String HTTP_1 = "http/1.1";

  /**
   * Makes it, and then serves the client.
   *
   * @param alpn what is spoken
   * @param hello what the client has sent; taken over
   */
  void start(Origin origin, List<String> alpn, ByteBuf hello) {
    Channel channel = client.side().channel();
    SslHandler handler = tls.newHandler(channel.alloc(), host, alpn);
    handler.setHandshakeTimeoutMillis(context.plan().timeouts().tls().toMillis());
    handler
        .handshakeFuture()
        .addListener((Future<Channel> shaken) -> {
          if (!shaken.isSuccess()) {
            rejected(shaken.cause());
          } else if (H2.equals(handler.applicationProtocol())) {
            client.serveHttp2(origin, Unpooled.EMPTY_BUFFER);
          } else {
            client.serve(origin, Unpooled.EMPTY_BUFFER);
          }
        });
    client.side().listen(client);
    channel.pipeline().addFirst(handler);
    channel.pipeline().fireChannelRead(hello);
    channel.pipeline().fireChannelReadComplete();
    client.side().read();
  }

  private void rejected(Throwable cause) {
    if (client.stopping()) {
      failed("the proxy stopped within the TLS handshake");
      return;
    }
    Optional<String> alert = RejectionWords.alert(cause);
    if (alert.isPresent()) {
      String text = RejectionWords.refused(client.process(), host, alert.get());
      failed(text + "; " + HINT);
      context
          .events()
          .accept(
              new TrafficEvent.Warning(
                  "client_rejected_ca", Text.printable(text), Optional.of(HINT)));
    } else {
      failed("the TLS handshake with the client failed for " + host + ": " + cause.getMessage());
    }
    client.close();
  }

  /** Tells that nothing came of the connection, because of the client or of the stop. */
  void failed(String text) {
    context
        .events()
        .accept(
            new TrafficEvent.TunnelFailed(
                context.nextId(),
                host,
                client.stopping() ? FailureKind.STOPPING : FailureKind.CLIENT_GONE,
                Text.printable(text)));
  }
}
