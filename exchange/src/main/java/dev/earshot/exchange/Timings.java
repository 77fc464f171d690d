package dev.earshot.exchange;

/**
 * Where the time of an exchange went, in nanoseconds; {@link #NOT_APPLICABLE} for a phase that did
 * not take place (a reused connection has no {@code dns}, {@code connect} and {@code tls}).
 *
 * @param blocked waiting for a connection
 * @param dns resolving the host's name
 * @param connect opening the TCP connection and, through another proxy, the tunnel; without the
 *     upstream's TLS
 * @param tls the TLS handshake with the upstream
 * @param send from the first byte of the request sent to the last
 * @param waiting from the last byte of the request sent to the first of the response
 * @param receive from the first byte of the response to the last
 */
public record Timings(
    long blocked, long dns, long connect, long tls, long send, long waiting, long receive) {
  /** A phase that did not take place. */
  public static final long NOT_APPLICABLE = -1;
}
