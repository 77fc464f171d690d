package dev.earshot.proxy.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * The user's own certificate authority: EC P-256, valid for 825 days from one day before it was
 * made. It signs server certificates only, valid for 397 days from one day before, and never longer
 * than itself. Immutable and thread-safe.
 */
public final class CertificateAuthority {
  /** From its (backdated) start; what clients accept from a public authority is 398 days. */
  static final Duration LEAF_LIFETIME = Duration.ofDays(397);

  private final AuthorityKey authority;
  private final Optional<Path> certificateFile;

  private CertificateAuthority(AuthorityKey authority, Optional<Path> certificateFile) {
    this.authority = authority;
    this.certificateFile = certificateFile;
  }

  /**
   * Loads the CA of the directory, or creates both: the directory with mode 0700, in it {@code
   * ca-key.pem} (key and certificate, 0600) and {@code ca.pem} (certificate only, 0644). When
   * several processes or threads create it at once, all get the same CA. The file system must know
   * POSIX modes and hard links.
   *
   * @param directory where it is kept; missing parents are made too, with mode 0700
   * @throws CertificateAuthorityException if the directory or the key belongs to another user or is
   *     open to others, if the CA is damaged, expired or not valid yet (what is there is never
   *     overwritten), or if the files cannot be read or written
   */
  public static CertificateAuthority loadOrCreate(Path directory, InstantSource clock)
      throws CertificateAuthorityException {
    // The user's name by id, as the owner of a file is; the property user.name can be set.
    var kept =
        new AuthorityDirectory(
            directory.toAbsolutePath().normalize(), ProcessHandle.current().info().user());
    return new CertificateAuthority(
        kept.loadOrCreate(clock.instant()), Optional.of(kept.certificateFile()));
  }

  /** Whether the directory holds a CA, usable or not. */
  public static boolean existsIn(Path directory) {
    return Files.exists(directory.resolve(AuthorityDirectory.KEY_FILE), LinkOption.NOFOLLOW_LINKS);
  }

  /** A CA that lives as long as this object; nothing is written. */
  public static CertificateAuthority inMemory(InstantSource clock) {
    return new CertificateAuthority(AuthorityKey.generate(clock.instant()), Optional.empty());
  }

  /** The CA's own certificate: what clients must trust. */
  public X509Certificate certificate() {
    return authority.certificate();
  }

  /** The CA's certificate as PEM, without its key. */
  public String pem() {
    return authority.certificatePem();
  }

  /** The file with the certificate only, absolute; empty for a CA in memory. */
  public Optional<Path> certificateFile() {
    return certificateFile;
  }

  /**
   * What a server of that name needs to be trusted by whoever trusts this CA: a new key with a
   * certificate, for the JDK's own TLS.
   *
   * @throws IllegalArgumentException if it is not a host name or an address
   */
  public SSLContext serverContext(String host) {
    ServerName name =
        ServerName.parse(host)
            .orElseThrow(() -> new IllegalArgumentException("not a host: " + host));
    try {
      KeyPair keys = AuthorityKey.newKeyPair();
      X509Certificate leaf = issue(name, keys.getPublic(), Instant.now());
      char[] password = {'-'};
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "server", keys.getPrivate(), password, new Certificate[] {leaf, certificate()});
      var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, password);
      var context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the JDK lacks what TLS needs", e);
    }
  }

  /** A new server certificate for the name and the key. */
  X509Certificate issue(ServerName host, PublicKey key, Instant now) {
    Instant start = now.minus(AuthorityKey.BACKDATED).truncatedTo(ChronoUnit.SECONDS);
    var validity =
        new CertificateForm.Validity(
            latest(start, certificate().getNotBefore().toInstant()),
            earliest(start.plus(LEAF_LIFETIME), certificate().getNotAfter().toInstant()));
    try {
      return PemCertificates.x509(
          CertificateForm.leaf(
              host, AuthorityKey.newSerial(), validity, key, certificate(), authority.key()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot sign with a key that was checked", e);
    }
  }

  private static Instant latest(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private static Instant earliest(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }
}
