package dev.earshot.proxy;

import java.time.Duration;

/**
 * How long a proxy waits. A tunnel has no idle time-out: what is in it, and how long that may be
 * silent, is not the proxy's to know.
 *
 * @param dns resolving a name; never longer than what is left of {@code connect}
 * @param connect resolving a name, connecting to one of its addresses and, where another proxy is
 *     on the way, its TLS and its answer, all of them together
 * @param tls one TLS handshake
 * @param idle an exchange in which nothing moves, and a client connection without a request
 * @param pooled how long an idle upstream connection is kept for the next request
 * @param linger how long a client may take to read a last answer before its connection is closed
 * @param rejected how long what a client refuses our certificate for passes undecrypted
 */
public record ProxyTimeouts(
    Duration dns,
    Duration connect,
    Duration tls,
    Duration idle,
    Duration pooled,
    Duration linger,
    Duration rejected) {
  /**
   * 20 s for a name, 60 s to connect, 60 s for TLS, one hour idle (a client has its own, shorter
   * times), 4 s pooled (servers that close idle connections do so after 5 s and more), 2 s to
   * linger, 10 min for what was rejected.
   */
  public static final ProxyTimeouts DEFAULT =
      new ProxyTimeouts(
          Duration.ofSeconds(20),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofHours(1),
          Duration.ofSeconds(4),
          Duration.ofSeconds(2),
          Duration.ofMinutes(10));

  /** The same with another time to resolve a name. */
  public ProxyTimeouts withDns(Duration other) {
    return new ProxyTimeouts(other, connect, tls, idle, pooled, linger, rejected);
  }

  /** The same with another time to connect. */
  public ProxyTimeouts withConnect(Duration other) {
    return new ProxyTimeouts(dns, other, tls, idle, pooled, linger, rejected);
  }

  /** The same with another idle time-out. */
  public ProxyTimeouts withIdle(Duration other) {
    return new ProxyTimeouts(dns, connect, tls, other, pooled, linger, rejected);
  }

  /** The same with another time that idle upstream connections are kept. */
  public ProxyTimeouts withPooled(Duration other) {
    return new ProxyTimeouts(dns, connect, tls, idle, other, linger, rejected);
  }

  /** The same with another time for what a client refuses our certificate for. */
  public ProxyTimeouts withRejected(Duration other) {
    return new ProxyTimeouts(dns, connect, tls, idle, pooled, linger, other);
  }
}
