package dev.earshot.proxy.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Which check the certificate of an upstream failed. The texts are the peer's and may hold
 * anything.
 */
sealed interface CertificateFault {
  /** The time of a certificate is over: the server's, or that of an authority it sent along. */
  record Expired(String subject, Instant since) implements CertificateFault {}

  /** The time of a certificate has not come. */
  record NotYetValid(String subject, Instant from) implements CertificateFault {}

  /** It is for these names, and not for the one asked for. */
  record WrongName(List<String> names) implements CertificateFault {
    public WrongName {
      names = List.copyOf(names);
    }
  }

  /** It signed itself, and is not among the anchors. */
  record SelfSigned(String subject) implements CertificateFault {}

  /**
   * Nobody that is trusted signed the chain.
   *
   * @param issuer the last one that the server named
   * @param alone whether the server sent its own certificate and no other, as those do that forget
   *     the intermediate ones
   */
  record UnknownIssuer(String issuer, boolean alone) implements CertificateFault {}

  /** Any other rule, in the words of the verifier. */
  record Other(String reason) implements CertificateFault {}

  /**
   * Judges a chain that was refused for one host.
   *
   * @param chain as the server sent it, its own certificate first; not empty
   * @param refusal why the chain is no good for any host; empty if only the name is wrong
   */
  static CertificateFault of(
      List<X509Certificate> chain, Optional<CertificateException> refusal, Instant now) {
    X509Certificate own = chain.getFirst();
    if (refusal.isEmpty()) {
      return new WrongName(names(own));
    }
    for (X509Certificate each : chain) {
      if (now.isAfter(each.getNotAfter().toInstant())) {
        return new Expired(subject(each), each.getNotAfter().toInstant());
      }
      if (now.isBefore(each.getNotBefore().toInstant())) {
        return new NotYetValid(subject(each), each.getNotBefore().toInstant());
      }
    }
    if (!noPath(refusal.get())) {
      return new Other(String.valueOf(refusal.get().getMessage()));
    }
    return chain.size() == 1 && own.getIssuerX500Principal().equals(own.getSubjectX500Principal())
        ? new SelfSigned(subject(own))
        : new UnknownIssuer(chain.getLast().getIssuerX500Principal().getName(), chain.size() == 1);
  }

  private static boolean noPath(Throwable refusal) {
    for (Throwable at = refusal; at != null; at = at.getCause()) {
      if (at instanceof CertPathBuilderException) {
        return true;
      }
    }
    return false;
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }

  /** The DNS names and addresses; a common name counts for nothing (RFC 9525 section 2). */
  private static List<String> names(X509Certificate certificate) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return names == null
          ? List.of()
          : names.stream()
              .map(name -> name.get(1))
              .filter(String.class::isInstance)
              .map(String.class::cast)
              .toList();
    } catch (CertificateParsingException damaged) {
      return List.of();
    }
  }
}
