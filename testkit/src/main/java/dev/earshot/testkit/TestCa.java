package dev.earshot.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority for tests, and what it certifies: servers that are right, and servers
 * that are wrong in one way. By BouncyCastle, so that it shares no code with what is tested.
 * Immutable and thread-safe.
 */
public final class TestCa {
  private static final Duration LONG = Duration.ofDays(365);
  private static final Duration SHORT = Duration.ofDays(10);
  private static final char[] NO_PASSWORD = {};

  private final KeyPair pair;
  private final X509Certificate certificate;

  private TestCa(KeyPair pair, X509Certificate certificate) {
    this.pair = pair;
    this.certificate = certificate;
  }

  /** A new authority, valid for a year before now and after. */
  public static TestCa create() {
    return create("Test CA " + new BigInteger(32, new SecureRandom()));
  }

  /** The same, with a common name that may hold anything. */
  public static TestCa create(String commonName) {
    KeyPair pair = newKeyPair();
    Instant now = Instant.now();
    X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
    return new TestCa(
        pair, sign(name, name, pair.getPublic(), pair, now.minus(LONG), now.plus(LONG), List.of()));
  }

  /**
   * An authority that this one vouches for. Its servers do not send its certificate, so that their
   * chains are incomplete.
   */
  public TestCa intermediate(String commonName) {
    KeyPair own = newKeyPair();
    Instant now = Instant.now();
    X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
    return new TestCa(
        own, sign(issuer, name, own.getPublic(), pair, now.minus(LONG), now.plus(LONG), List.of()));
  }

  /** What to trust. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** The same as PEM. */
  public String caPem() {
    return pem("CERTIFICATE", encoded(certificate));
  }

  /** A server whose certificate is right for the names; what looks like an address is one. */
  public Server server(String... names) {
    Instant now = Instant.now();
    return issue(now.minus(SHORT), now.plus(SHORT), names);
  }

  /** A server whose certificate expired ten days ago. */
  public Server expired(String... names) {
    Instant now = Instant.now();
    return issue(now.minus(SHORT.multipliedBy(2)), now.minus(SHORT), names);
  }

  /** A server whose certificate will be valid in ten days. */
  public Server notYetValid(String... names) {
    Instant now = Instant.now();
    return issue(now.plus(SHORT), now.plus(SHORT.multipliedBy(2)), names);
  }

  /** A server that nobody vouches for but itself. */
  public static Server selfSigned(String... names) {
    KeyPair own = newKeyPair();
    Instant now = Instant.now();
    X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, names[0]).build();
    X509Certificate signed =
        sign(name, name, own.getPublic(), own, now.minus(SHORT), now.plus(SHORT), List.of(names));
    return new Server(own.getPrivate(), List.of(signed));
  }

  /** The context of a {@link #server}, which trusts clients of this authority too. */
  public SSLContext serverContext(String... names) {
    return server(names).context(certificate);
  }

  /** The context of a client that trusts this authority and no other. */
  public SSLContext clientContext() {
    return clientContext(certificate);
  }

  /** The context of a client that trusts the certificate and no other. */
  public static SSLContext clientContext(X509Certificate trusted) {
    try {
      KeyStore anchors = emptyStore();
      anchors.setCertificateEntry("trusted", trusted);
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(anchors);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * A server's private key with its certificates.
   *
   * @param chain its own certificate first, without the root
   */
  public record Server(PrivateKey key, List<X509Certificate> chain) {
    /** Copies the list. */
    public Server {
      chain = List.copyOf(chain);
    }

    /** A context for a JDK server; of client certificates, it would trust those of the system. */
    public SSLContext context() {
      return context(null);
    }

    /** The same, which trusts client certificates of an authority. */
    SSLContext context(@Nullable X509Certificate trusted) {
      try {
        TrustManager[] trust = null;
        if (trusted != null) {
          KeyStore anchors = emptyStore();
          anchors.setCertificateEntry("trusted", trusted);
          TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
          managers.init(anchors);
          trust = managers.getTrustManagers();
        }
        KeyStore store = emptyStore();
        store.setKeyEntry("server", key, NO_PASSWORD, chain.toArray(new X509Certificate[0]));
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, NO_PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust, null);
        return context;
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    /**
     * Writes {@code server.pem} and {@code server-key.pem}, as nginx, Python and Node read them.
     */
    public PemFiles write(Path directory) {
      try {
        String certificates =
            chain.stream()
                .map(each -> pem("CERTIFICATE", encoded(each)))
                .collect(Collectors.joining());
        return new PemFiles(
            Files.writeString(directory.resolve("server.pem"), certificates),
            Files.writeString(
                directory.resolve("server-key.pem"), pem("PRIVATE KEY", key.getEncoded())));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Where a server's certificate and key were written.
   *
   * @param certificate the chain, the server's own first
   * @param key the private key (PKCS #8), without a passphrase
   */
  public record PemFiles(Path certificate, Path key) {}

  /** Writes the files of a {@link #server}. */
  public PemFiles write(Path directory, String... names) {
    return server(names).write(directory);
  }

  private Server issue(Instant from, Instant until, String... names) {
    KeyPair own = newKeyPair();
    X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    X500Name subject = new X500NameBuilder().addRDN(BCStyle.O, "A test server").build();
    X509Certificate signed =
        sign(issuer, subject, own.getPublic(), pair, from, until, List.of(names));
    return new Server(own.getPrivate(), List.of(signed));
  }

  /** An authority if there are no names, else a server. */
  private static X509Certificate sign(
      X500Name issuer,
      X500Name subject,
      PublicKey key,
      KeyPair signer,
      Instant from,
      Instant until,
      List<String> names) {
    boolean authority = names.isEmpty();
    try {
      var ids = new JcaX509ExtensionUtils();
      var builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(64, new SecureRandom()).add(BigInteger.ONE),
              Date.from(from),
              Date.from(until),
              subject,
              key);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      builder.addExtension(
          Extension.subjectKeyIdentifier, false, ids.createSubjectKeyIdentifier(key));
      if (authority) {
        builder.addExtension(
            Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      } else {
        builder.addExtension(
            Extension.authorityKeyIdentifier,
            false,
            ids.createAuthorityKeyIdentifier(signer.getPublic()));
        builder.addExtension(
            Extension.extendedKeyUsage,
            false,
            new ExtendedKeyUsage(
                new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.stream().map(TestCa::generalName).toArray(GeneralName[]::new)));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate())));
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static GeneralName generalName(String name) {
    boolean address = name.contains(":") || name.matches("[0-9.]+");
    return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, name);
  }

  private static KeyPair newKeyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyStore emptyStore() throws GeneralSecurityException {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      return store;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String label, byte[] der) {
    byte[] lineFeed = {'\n'};
    return Stream.of(
            "-----BEGIN " + label + "-----",
            Base64.getMimeEncoder(64, lineFeed).encodeToString(der),
            "-----END " + label + "-----")
        .collect(Collectors.joining("\n", "", "\n"));
  }
}
