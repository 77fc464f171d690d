package dev.earshot.exchange;

import java.util.Locale;

/** Why an exchange or a tunnel failed. */
public enum FailureKind {
  /** The host's name has no address, or it was not found in time. */
  DNS,
  /** The upstream refused the connection, or could not be reached. */
  CONNECT,
  /** The upstream did not answer the connection attempt in time. */
  CONNECT_TIMEOUT,
  /** The TLS handshake with the upstream failed, or its certificate did not verify. */
  UPSTREAM_TLS,
  /** The upstream closed or reset the connection within the exchange. */
  RESET,
  /** The client went away before it had the whole response. */
  CLIENT_GONE,
  /** A side sent what is not HTTP, or HTTP whose framing is in doubt. */
  MALFORMED,
  /** A head was larger than the limit. */
  TOO_LARGE,
  /** Nothing moved for longer than the idle time-out. */
  TIMEOUT,
  /** The session was stopping. */
  STOPPING;

  /** The name in the event stream: lower case, words joined by an underscore. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
