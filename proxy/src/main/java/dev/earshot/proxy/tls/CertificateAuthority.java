package dev.earshot.proxy.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * The user's own certificate authority: EC P-256, valid for 825 days from one day before it was
 * made. It signs server certificates only, valid for 397 days from one day before, and never longer
 * than itself; for every server, or for those of its {@link NameConstraints}. Immutable and
 * thread-safe.
 */
public final class CertificateAuthority {
  /** From its (backdated) start; what clients accept from a public authority is 398 days. */
  static final Duration LEAF_LIFETIME = Duration.ofDays(397);

  private final AuthorityKey authority;
  private final NameConstraints constraints;
  private final Optional<Path> certificateFile;

  private CertificateAuthority(AuthorityKey authority, Optional<Path> certificateFile) {
    this.authority = authority;
    this.constraints = authority.constraints();
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
    AuthorityDirectory kept = kept(directory);
    return new CertificateAuthority(
        kept.loadOrCreate(clock.instant()), Optional.of(kept.certificateFile()));
  }

  /** Whether the directory holds a CA, usable or not. */
  public static boolean existsIn(Path directory) {
    return Files.exists(directory.resolve(AuthorityDirectory.KEY_FILE), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * A CA that took the place of another.
   *
   * @param made the new one
   * @param replaced the certificate that clients trusted until then; empty if there was none that
   *     could be read
   */
  public record Rotation(CertificateAuthority made, Optional<X509Certificate> replaced) {}

  /**
   * Makes a new CA in the directory, in place of the one that is there, also of one that cannot be
   * used. It happens in one step: when it is interrupted, or fails, there is the old one or the new
   * one. Whoever loaded the old one goes on with it; its key is on no disk any more.
   *
   * @param constraints for which servers it can sign; those of the old CA if empty
   * @throws CertificateAuthorityException if the directory belongs to another user or is open to
   *     others, or if the files cannot be written
   */
  public static Rotation rotate(
      Path directory, InstantSource clock, Optional<NameConstraints> constraints)
      throws CertificateAuthorityException {
    AuthorityDirectory kept = kept(directory);
    AuthorityDirectory.Rotated rotated = kept.rotate(clock.instant(), constraints);
    return new Rotation(
        new CertificateAuthority(rotated.made(), Optional.of(kept.certificateFile())),
        rotated.replaced().map(AuthorityKey::root));
  }

  /** A CA that lives as long as this object; nothing is written. */
  public static CertificateAuthority inMemory(InstantSource clock) {
    return inMemory(clock, NameConstraints.NONE);
  }

  /** The same, and it signs for these servers only. */
  public static CertificateAuthority inMemory(InstantSource clock, NameConstraints constraints) {
    return new CertificateAuthority(
        AuthorityKey.generate(clock.instant(), constraints), Optional.empty());
  }

  /** The user's name by id, as the owner of a file is; the property user.name can be set. */
  private static AuthorityDirectory kept(Path directory) {
    return new AuthorityDirectory(
        directory.toAbsolutePath().normalize(), ProcessHandle.current().info().user());
  }

  /** The CA's own certificate: what clients must trust. */
  public X509Certificate certificate() {
    return authority.root();
  }

  /** The CA's certificate as PEM, without its key. */
  public String pem() {
    return authority.rootPem();
  }

  /** The servers for which it can sign. */
  public NameConstraints constraints() {
    return constraints;
  }

  /** The file with the certificate only, absolute; empty for a CA in memory. */
  public Optional<Path> certificateFile() {
    return certificateFile;
  }

  /**
   * What a server of that name needs to be trusted by whoever trusts this CA: a new key with a
   * certificate, for the JDK's own TLS.
   *
   * @throws IllegalArgumentException if it is not a host name or an address, or one that it cannot
   *     sign for
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
      store.setKeyEntry("server", keys.getPrivate(), password, chain(leaf));
      var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, password);
      var context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the JDK lacks what TLS needs", e);
    }
  }

  /** The certificate of a server, with those that lead from it to the CA. */
  X509Certificate[] chain(X509Certificate leaf) {
    return Stream.concat(Stream.of(leaf), authority.issuers().stream())
        .toArray(X509Certificate[]::new);
  }

  /**
   * A new server certificate for the name and the key.
   *
   * @throws IllegalArgumentException if the CA cannot sign for it
   */
  X509Certificate issue(ServerName host, PublicKey key, Instant now) {
    if (!constraints.permit(host)) {
      throw new IllegalArgumentException("outside of the CA's name constraints: " + host.text());
    }
    X509Certificate issuer = authority.certificate();
    Instant start = now.minus(AuthorityKey.BACKDATED).truncatedTo(ChronoUnit.SECONDS);
    var validity =
        new CertificateForm.Validity(
            latest(start, issuer.getNotBefore().toInstant()),
            earliest(start.plus(LEAF_LIFETIME), issuer.getNotAfter().toInstant()));
    try {
      return PemCertificates.x509(
          CertificateForm.leaf(
              host, AuthorityKey.newSerial(), validity, key, issuer, authority.key()));
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
