package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.proxy.tls.InterceptTls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Our side of TLS with a client, after which its requests are served.
 *
 * @param host whom the client connected to, for a certificate where it names nobody, and for events
 * @param hint what helps a client that does not trust the authority
 */
record ClientHandshake(
    ProxyContext context, ClientConnection client, InterceptTls tls, String host, String hint) {
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
            rejected(origin.key().tlsName(), shaken.cause());
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

  private void rejected(String name, Throwable cause) {
    if (client.stopping()) {
      failed("the proxy stopped within the TLS handshake");
      return;
    }
    String why = String.valueOf(cause.getMessage());
    String lower = why.toLowerCase(Locale.ROOT);
    String text;
    if (cause instanceof ClosedChannelException) {
      // What clients do that find no words for a certificate they do not trust.
      text = "the client closed the connection when it saw Earshot's certificate for " + name;
    } else if (lower.contains("alert")
        && (lower.contains("certificate") || lower.contains("unknown_ca"))) {
      text = "the client did not accept Earshot's certificate for " + name + ": " + why;
    } else {
      failed("the TLS handshake with the client failed for " + name + ": " + why);
      client.close();
      return;
    }
    failed(text + "; " + hint);
    context
        .events()
        .accept(
            new TrafficEvent.Warning(
                "client_rejected_ca", Text.printable(text), Optional.of(hint)));
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
