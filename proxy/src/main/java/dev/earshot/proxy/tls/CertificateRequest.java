package dev.earshot.proxy.tls;

/** Whether an upstream asked for a client's certificate in a handshake, and what it got. */
public enum CertificateRequest {
  /** It did not ask. */
  NONE,
  /** It asked, and there was none for it. */
  UNANSWERED,
  /** It asked, and got one. */
  ANSWERED
}
