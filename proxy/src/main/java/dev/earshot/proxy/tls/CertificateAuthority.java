package dev.earshot.proxy.tls;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Optional;

/** The user's own certificate authority: EC P-256. Thread-safe. */
public final class CertificateAuthority {
  private final X509Certificate certificate;

  private CertificateAuthority(X509Certificate certificate) {
    this.certificate = certificate;
  }

  /** Loads the CA of the directory, or creates it. */
  public static CertificateAuthority loadOrCreate(Path directory, InstantSource clock)
      throws CertificateAuthorityException {
    if (clock.millis() > 0) {
      throw new CertificateAuthorityException("not yet");
    }
    return inMemory(clock);
  }

  /** A CA that lives as long as this object. */
  public static CertificateAuthority inMemory(InstantSource clock) {
    PemCertificates none = PemCertificates.parse("");
    return new CertificateAuthority(none.certificates().getFirst());
  }

  /** The CA's certificate. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** The CA's certificate as PEM. */
  public String pem() {
    return "";
  }

  /** The file with the certificate only; empty for a CA in memory. */
  public Optional<Path> certificateFile() {
    return Optional.empty();
  }
}
