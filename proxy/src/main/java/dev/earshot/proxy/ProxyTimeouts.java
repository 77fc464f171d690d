package dev.earshot.proxy;

import java.time.Duration;

/**
 * How long a proxy waits. A tunnel has no idle time-out: what is in it, and how long that may be
 * silent, is not the proxy's to know.
 *
 * @param connect resolving a name and connecting to one of its addresses, all of them together
 * @param tls one TLS handshake
 * @param idle an exchange in which nothing moves, and a client connection without a request
 * @param pooled how long an idle upstream connection is kept for the next request
 * @param admission how long a client that must show credentials may take for it
 * @param linger how long a client may take to read a last answer before its connection is closed
 */
public record ProxyTimeouts(
    Duration connect,
    Duration tls,
    Duration idle,
    Duration pooled,
    Duration admission,
    Duration linger) {
  /**
   * 60 s to connect, 60 s for TLS, one hour idle (a client has its own, shorter times), 4 s pooled
   * (servers that close idle connections do so after 5 s and more), 30 s to show credentials, 2 s
   * to linger.
   */
  public static final ProxyTimeouts DEFAULT =
      new ProxyTimeouts(
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofHours(1),
          Duration.ofSeconds(4),
          Duration.ofSeconds(30),
          Duration.ofSeconds(2));

  /** The same with another time to connect. */
  public ProxyTimeouts withConnect(Duration other) {
    return new ProxyTimeouts(other, tls, idle, pooled, admission, linger);
  }

  /** The same with another idle time-out. */
  public ProxyTimeouts withIdle(Duration other) {
    return new ProxyTimeouts(connect, tls, other, pooled, admission, linger);
  }

  /** The same with another time to show credentials. */
  public ProxyTimeouts withAdmission(Duration other) {
    return new ProxyTimeouts(connect, tls, idle, pooled, other, linger);
  }

  /** The same with another time that idle upstream connections are kept. */
  public ProxyTimeouts withPooled(Duration other) {
    return new ProxyTimeouts(connect, tls, idle, other, admission, linger);
  }
}
