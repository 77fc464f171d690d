package dev.earshot.proxy.tls;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Verifies servers by the JDK's PKIX rules (RFC 5280 section 6, RFC 9525 for the name), and says in
 * an {@link UpstreamCertificateException} which of them was broken. Verifies no clients.
 */
final class UpstreamTrust extends X509ExtendedTrustManager {
  /** Empty if there are no anchors: the JDK makes no verifier of none. */
  private final Optional<X509ExtendedTrustManager> pkix;

  UpstreamTrust(Collection<X509Certificate> anchors) {
    pkix = anchors.isEmpty() ? Optional.empty() : Optional.of(pkix(anchors));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    try {
      verifier().checkServerTrusted(chain, authType, engine);
    } catch (CertificateException refused) {
      var fault =
          CertificateFault.of(
              List.of(chain), chainRefusal(refused, chain, authType), Instant.now());
      throw new UpstreamCertificateException(fault, refused);
    }
  }

  /**
   * Why the chain is no good for any host; empty if only the name is wrong. The JDK has no type for
   * a wrong name: it has no cause, and the same chain passes where no name is looked at.
   */
  private Optional<CertificateException> chainRefusal(
      CertificateException refused, X509Certificate[] chain, String authType) {
    if (refused.getCause() != null) {
      return Optional.of(refused);
    }
    try {
      verifier().checkServerTrusted(chain, authType);
      return Optional.empty();
    } catch (CertificateException refusedForAny) {
      return Optional.of(refusedForAny);
    }
  }

  private X509ExtendedTrustManager verifier() throws CertificateException {
    return pkix.orElseThrow(() ->
        new CertificateException(
            "no authorities are trusted", new CertPathBuilderException("no anchors")));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw new CertificateException("for engines only");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("a host name is needed");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("not a server");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw new CertificateException("not a server");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("not a server");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return pkix.map(X509ExtendedTrustManager::getAcceptedIssuers)
        .orElseGet(() -> new X509Certificate[0]);
  }

  private static X509ExtendedTrustManager pkix(Collection<X509Certificate> anchors) {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      int number = 0;
      for (X509Certificate anchor : anchors) {
        trusted.setCertificateEntry("anchor-" + number++, anchor);
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(trusted);
      return Stream.of(factory.getTrustManagers())
          .filter(X509ExtendedTrustManager.class::isInstance)
          .map(X509ExtendedTrustManager.class::cast)
          .findFirst()
          .orElseThrow();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("cannot verify certificates with this Java", e);
    }
  }
}
