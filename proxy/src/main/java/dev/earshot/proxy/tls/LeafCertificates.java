package dev.earshot.proxy.tls;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One certificate for each server name that was asked for, all for one key that lives as long as
 * this object. Holds the {@value #LIMIT} names used last and signs anew for others. Thread-safe.
 */
final class LeafCertificates {
  static final int LIMIT = 1_024;

  private final CertificateAuthority authority;
  private final InstantSource clock;
  private final KeyPair key;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock; the one used longest ago comes first. */
  private final Map<ServerName, X509Certificate> byName = new LinkedHashMap<>(16, 0.75f, true);

  LeafCertificates(CertificateAuthority authority, InstantSource clock) {
    this.authority = authority;
    this.clock = clock;
    try {
      key = AuthorityKey.newKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no EC P-256", e);
    }
  }

  /** The key of every certificate from here. */
  PrivateKey key() {
    return key.getPrivate();
  }

  /** Whether there is a certificate for the name that a client would accept. */
  boolean permit(ServerName host) {
    return authority.constraints().permit(host);
  }

  /** The certificate for the name, then the authority's. */
  X509Certificate[] chain(ServerName host) {
    return authority.chain(leaf(host));
  }

  private X509Certificate leaf(ServerName host) {
    lock.lock();
    try {
      X509Certificate known = byName.get(host);
      if (known != null) {
        return known;
      }
    } finally {
      lock.unlock();
    }
    // Signing takes long enough not to hold others up; two at once for one name does no harm.
    X509Certificate made = authority.issue(host, key.getPublic(), clock.instant());
    lock.lock();
    try {
      byName.put(host, made);
      if (byName.size() > LIMIT) {
        byName.remove(byName.keySet().iterator().next());
      }
    } finally {
      lock.unlock();
    }
    return made;
  }
}
