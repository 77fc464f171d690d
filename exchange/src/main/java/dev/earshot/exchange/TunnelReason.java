package dev.earshot.exchange;

import java.util.Locale;

/** Why a connection was passed on as it is. */
public enum TunnelReason {
  /** The user asked not to decrypt this host. */
  PASSTHROUGH,
  /** What the client sent first is neither TLS nor HTTP. */
  NOT_TLS,
  /** It is TLS, for a protocol that is not HTTP. */
  NOT_HTTP,
  /** The client refuses our certificate authority. */
  CLIENT_REJECTED_CA,
  /** The user asked to decrypt nothing. */
  NO_INTERCEPT,
  /** The certificate authority is constrained to other names. */
  CA_CONSTRAINED;

  /** The name in the event stream: lower case, words joined by an underscore. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
