package dev.earshot.proxy.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What a TLS client shows when it is asked who it is. Its text has nothing of the key.
 *
 * @param chain its certificate, then those of its issuers as far as they are known
 * @param key the private key of the first
 */
public record ClientIdentity(List<X509Certificate> chain, PrivateKey key) {
  /** The same, with a chain that stays as it is. */
  public ClientIdentity {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("no certificate");
    }
  }

  @Override
  public String toString() {
    return "ClientIdentity[" + chain.getFirst().getSubjectX500Principal() + "]";
  }
}
