package dev.earshot.proxy;

import dev.earshot.proxy.tls.CertificateRequest;
import dev.earshot.proxy.tls.UpstreamTls;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.Serial;
import java.time.Duration;
import java.util.List;

/** The client's half of a TLS handshake, on a connection that is cut if it fails. */
final class TlsHandshake {
  private TlsHandshake() {}

  /**
   * A handshake that was made.
   *
   * @param protocol what was agreed on (RFC 7301), or empty
   * @param request whether the peer asked for a certificate
   */
  record Made(String protocol, CertificateRequest request) {}

  /** A handshake that failed, and whether the peer had asked for a certificate. */
  static final class Failed extends Exception {
    @Serial private static final long serialVersionUID = 1L;

    private final CertificateRequest request;

    Failed(Throwable cause, CertificateRequest request) {
      super(null, cause, false, false);
      this.request = request;
    }

    CertificateRequest request() {
      return request;
    }
  }

  /**
   * Starts a handshake, within what the connection is already encrypted with. Fails with {@link
   * Failed} whose cause {@link UpstreamTls} explains; cancelling cuts the connection.
   */
  static Future<Made> start(
      Side side, UpstreamTls tls, String host, int port, List<String> alpn, Duration limit) {
    Channel channel = side.channel();
    Promise<Made> promise = channel.eventLoop().newPromise();
    SslHandler handler;
    try {
      handler = tls.newHandler(channel.alloc(), host, port, alpn);
    } catch (RuntimeException e) {
      side.cut();
      return promise.setFailure(new Failed(e, CertificateRequest.NONE));
    }
    handler.setHandshakeTimeoutMillis(Math.max(limit.toMillis(), 1));
    side.listen(new Dropped());
    promise.addListener(done -> {
      if (!done.isSuccess()) {
        side.cut();
      }
    });
    side.insert(handler);
    handler
        .handshakeFuture()
        .addListener((Future<Channel> shaken) -> {
          CertificateRequest request = tls.request(host, port);
          if (shaken.isSuccess()) {
            String protocol = handler.applicationProtocol();
            promise.trySuccess(new Made(protocol == null ? "" : protocol, request));
          } else {
            promise.tryFailure(new Failed(shaken.cause(), request));
          }
        });
    side.read();
    return promise;
  }
}
