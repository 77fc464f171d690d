package dev.earshot.proxy.tls;

import java.security.cert.CertificateException;

/** An upstream's certificate was refused, and which check refused it. */
final class UpstreamCertificateException extends CertificateException {
  private static final long serialVersionUID = 1;

  private final transient CertificateFault fault;

  UpstreamCertificateException(CertificateFault fault, CertificateException cause) {
    super(cause.getMessage(), cause);
    this.fault = fault;
  }

  CertificateFault fault() {
    return fault;
  }
}
