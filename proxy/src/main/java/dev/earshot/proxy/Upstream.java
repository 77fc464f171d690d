package dev.earshot.proxy;

import java.time.Duration;

/** An open connection to an upstream, and what it cost to open. On one event loop. */
final class Upstream {
  private final Side side;
  private final UpstreamKey key;
  private final String remote;
  private final long dnsNanos;
  private final long connectNanos;
  private final long tlsNanos;
  private final boolean http2;
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
