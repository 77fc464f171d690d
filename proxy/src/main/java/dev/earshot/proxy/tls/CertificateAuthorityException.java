package dev.earshot.proxy.tls;

/** The certificate authority cannot be used; the message says which file, why, and what to do. */
public final class CertificateAuthorityException extends Exception {
  private static final long serialVersionUID = 1;

  CertificateAuthorityException(String message) {
    super(message);
  }

  CertificateAuthorityException(String message, Throwable cause) {
    super(message, cause);
  }
}
