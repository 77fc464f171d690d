package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.proxy.tls.CertificateRequest;
import dev.earshot.proxy.tls.UpstreamTls;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open connection to an upstream, and what it cost to open. On one event loop. */
final class Upstream {
  private final Side side;
  private final UpstreamKey key;
  private final String remote;
  private final long dnsNanos;
  private final long connectNanos;
  private final long tlsNanos;
  private final boolean http2;
  private CertificateRequest certificate = CertificateRequest.NONE;
  private boolean used;
  private long idleSince;

  /**
   * A connection.
   *
   * @param http2 whether it was agreed that HTTP/2 is spoken on it
   */
  Upstream(
      Side side,
      UpstreamKey key,
      String remote,
      long dnsNanos,
      long connectNanos,
      long tlsNanos,
      boolean http2) {
    this.side = side;
    this.key = key;
    this.remote = remote;
    this.dnsNanos = dnsNanos;
    this.connectNanos = connectNanos;
    this.tlsNanos = tlsNanos;
    this.http2 = http2;
  }

  /** The same connection for another purpose, such as after a TLS handshake on it. */
  Upstream as(UpstreamKey other, long tlsTook, boolean speaksHttp2) {
    return new Upstream(side, other, remote, dnsNanos, connectNanos, tlsTook, speaksHttp2);
  }

  /** In the TLS handshake it asked for a client's certificate, or did not. */
  void asksFor(CertificateRequest request) {
    certificate = request;
  }

  /**
   * Why the connection ended without an answer, where that is because of a client's certificate: in
   * TLS 1.3 an upstream judges it only after the client has made the handshake.
   */
  Optional<DialFailure> certificateFailure(@Nullable Throwable cause) {
    return certificate == CertificateRequest.NONE
        ? Optional.empty()
        : Optional.of(
            new DialFailure(
                FailureKind.UPSTREAM_TLS,
                UpstreamTls.explain(
                    cause == null ? new ClosedChannelException() : cause,
                    key.tlsName(),
                    certificate)));
  }

  boolean speaksHttp2() {
    return http2;
  }

  Side side() {
    return side;
  }

  UpstreamKey key() {
    return key;
  }

  /** Address and port of the peer. */
  String remote() {
    return remote;
  }

  long dnsNanos() {
    return dnsNanos;
  }

  long connectNanos() {
    return connectNanos;
  }

  /** The time of the handshake, or {@link dev.earshot.exchange.Timings#NOT_APPLICABLE}. */
  long tlsNanos() {
    return tlsNanos;
  }

  /** Whether a request was sent on it before. */
  boolean used() {
    return used;
  }

  void markUsed() {
    used = true;
  }

  void markIdle(long now) {
    idleSince = now;
  }

  boolean idleLongerThan(Duration limit, long now) {
    return now - idleSince >= limit.toNanos();
  }
}
