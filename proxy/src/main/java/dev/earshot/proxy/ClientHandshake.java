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

/**
 * Our side of TLS with a client, after which its requests are served.
 *
 * @param host whom the client connected to, for a certificate where it names nobody, and for events
 */
record ClientHandshake(
    ProxyContext context, ClientConnection client, InterceptTls tls, String host) {
  static final String H2 = "h2";
  static final String HTTP_1 = "http/1.1";

  /** Hears what the client makes of our certificate. */
  interface Watch {
    /** The client will see it now: the TLS handler is the first of its pipeline. */
    void begin();

    /** The handshake is done. */
    void shaken(boolean http2);

    /** It failed, and the connection with it. */
    void failed(Throwable cause);
  }

  /**
   * Makes it, and then serves the client.
   *
   * @param alpn what is spoken
   * @param hello what the client has sent; taken over
   */
  void start(Origin origin, List<String> alpn, ByteBuf hello, Watch watch) {
    Channel channel = client.side().channel();
    SslHandler handler = tls.newHandler(channel.alloc(), host, alpn);
    handler.setHandshakeTimeoutMillis(context.plan().timeouts().tls().toMillis());
    handler
        .handshakeFuture()
        .addListener((Future<Channel> shaken) -> {
          if (!shaken.isSuccess()) {
            watch.failed(shaken.cause());
            client.close();
            return;
          }
          boolean http2 = H2.equals(handler.applicationProtocol());
          watch.shaken(http2);
          if (http2) {
            client.serveHttp2(origin, Unpooled.EMPTY_BUFFER);
          } else {
            client.serve(origin, Unpooled.EMPTY_BUFFER);
          }
        });
    client.side().listen(client);
    channel.pipeline().addFirst(handler);
    watch.begin();
    channel.pipeline().fireChannelRead(hello);
    channel.pipeline().fireChannelReadComplete();
    client.side().read();
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
