package dev.earshot.proxy.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The authority's private key with its certificate: they are written, read and checked together, so
 * that they cannot come apart.
 *
 * <p>Where names are constrained, that certificate is signed by another one, the root, which is
 * what clients trust and whose key is nowhere: many, as the JDK, do not apply the constraints of
 * the very certificate they trust (RFC 5280 section 6.2), but all apply those of one below it.
 *
 * @param key signs for servers
 * @param certificate that of the key
 * @param root what clients trust: the same certificate, or the one that signed it
 */
record AuthorityKey(PrivateKey key, X509Certificate certificate, X509Certificate root) {
  /** How long an authority is good for, from its (backdated) start. */
  static final Duration LIFETIME = Duration.ofDays(825);

  /** How far a certificate starts in the past, for clients whose clock is slow. */
  static final Duration BACKDATED = Duration.ofDays(1);

  private static final int SERIAL_BITS = 128;
  private static final int CERT_SIGN = 5;

  private static final Pattern PRIVATE_KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]*)-----END PRIVATE KEY-----");

  private static final Path KERNEL_HOST_NAME = Path.of("/proc/sys/kernel/hostname");
  private static final int MAX_OWNER = 40;

  /** A new one, which no other has been or will be. */
  static AuthorityKey generate(Instant now) {
    return generate(now, NameConstraints.NONE);
  }

  /** A new one for these servers. */
  static AuthorityKey generate(Instant now, NameConstraints constraints) {
    try {
      Instant start = now.minus(BACKDATED).truncatedTo(ChronoUnit.SECONDS);
      var validity = new CertificateForm.Validity(start, start.plus(LIFETIME));
      String tag = newTag();
      KeyPair pair = newKeyPair();
      X509Certificate root =
          PemCertificates.x509(
              CertificateForm.authority(
                  name(tag),
                  newSerial(),
                  validity,
                  pair.getPublic(),
                  pair.getPrivate(),
                  constraints));
      return constraints.isNone()
          ? new AuthorityKey(pair.getPrivate(), root, root)
          : below(root, pair.getPrivate(), tag, validity, constraints);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no EC P-256", e);
    }
  }

  /** After this the key of the root is gone: nothing else is ever signed with it. */
  private static AuthorityKey below(
      X509Certificate root,
      PrivateKey signer,
      String tag,
      CertificateForm.Validity validity,
      NameConstraints constraints)
      throws GeneralSecurityException {
    KeyPair pair = newKeyPair();
    byte[] der =
        CertificateForm.authorityBelow(
            "Earshot CA %s, constrained".formatted(tag),
            newSerial(),
            validity,
            pair.getPublic(),
            root,
            signer,
            constraints);
    return new AuthorityKey(pair.getPrivate(), PemCertificates.x509(der), root);
  }

  /** What a text made by {@link #pem} says; empty if either part is missing or does not parse. */
  static Optional<AuthorityKey> parse(String text) {
    PemCertificates found = PemCertificates.parse(text);
    Matcher key = PRIVATE_KEY.matcher(text);
    List<X509Certificate> certificates = found.certificates();
    boolean complete =
        certificates.size() == 1
            || (certificates.size() == 2
                && !certificates.getFirst().equals(certificates.getLast()));
    if (!complete || found.skipped() > 0 || !key.find()) {
      return Optional.empty();
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(key.group(1));
      PrivateKey parsed =
          KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
      return Optional.of(new AuthorityKey(parsed, certificates.getFirst(), certificates.getLast()));
    } catch (GeneralSecurityException | IllegalArgumentException damaged) {
      return Optional.empty();
    }
  }

  /** Key and certificate as PEM (RFC 7468), the key first, the root last. A secret. */
  String pem() {
    String own = block("PRIVATE KEY", key.getEncoded()) + pem(certificate);
    return isRoot() ? own : own + pem(root);
  }

  /** The certificate that clients trust, alone, as PEM. */
  String rootPem() {
    return pem(root);
  }

  private boolean isRoot() {
    return certificate.equals(root);
  }

  /** What a server sends after its own certificate. */
  List<X509Certificate> issuers() {
    return isRoot() ? List.of(root) : List.of(certificate, root);
  }

  /** The servers for which it can sign. */
  NameConstraints constraints() {
    return CertificateForm.constraints(certificate)
        .orElseThrow(() -> new IllegalStateException("it has a problem, which was not asked for"));
  }

  private static String pem(X509Certificate certificate) {
    try {
      return block("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was parsed has no encoding", e);
    }
  }

  /** Why this is not an authority to sign with now; empty if it is one. */
  Optional<String> problem(Instant now) {
    if (!isAuthority(certificate) || !isAuthority(root)) {
      return Optional.of("its certificate is not that of an authority");
    }
    if (!(certificate.getPublicKey() instanceof ECPublicKey ec)
        || ec.getParams().getCurve().getField().getFieldSize() != 256) {
      return Optional.of("its key is not an EC P-256 key");
    }
    Optional<NameConstraints> constraints = CertificateForm.constraints(certificate);
    if (constraints.isEmpty() || !CertificateForm.constraints(root).equals(constraints)) {
      return Optional.of("its name constraints are not of Earshot's form");
    }
    if (!keyFits()) {
      return Optional.of("its private key does not belong to its certificate");
    }
    if (now.isAfter(certificate.getNotAfter().toInstant())) {
      return Optional.of("it expired on " + certificate.getNotAfter().toInstant());
    }
    if (now.isBefore(certificate.getNotBefore().toInstant())) {
      return Optional.of(
          "it is not valid before %s, and the clock of this machine says %s"
              .formatted(
                  certificate.getNotBefore().toInstant(), now.truncatedTo(ChronoUnit.SECONDS)));
    }
    return Optional.empty();
  }

  private static boolean isAuthority(X509Certificate certificate) {
    boolean[] usage = certificate.getKeyUsage();
    return certificate.getBasicConstraints() >= 0 && usage != null && usage[CERT_SIGN];
  }

  static KeyPair newKeyPair() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  /** Random, positive, at most 17 bytes as DER: within the 20 of RFC 5280 section 4.1.2.2. */
  static BigInteger newSerial() {
    return new BigInteger(SERIAL_BITS, new SecureRandom()).setBit(SERIAL_BITS - 1);
  }

  private boolean keyFits() {
    try {
      byte[] probe = newSerial().toByteArray();
      Signature signing = Signature.getInstance("SHA256withECDSA");
      signing.initSign(key);
      signing.update(probe);
      byte[] signature = signing.sign();
      signing.initVerify(certificate.getPublicKey());
      signing.update(probe);
      boolean fits = signing.verify(signature);
      certificate.verify(root.getPublicKey());
      root.verify(root.getPublicKey());
      return fits;
    } catch (GeneralSecurityException damaged) {
      return false;
    }
  }

  private static String newTag() {
    byte[] tag = new byte[4];
    new SecureRandom().nextBytes(tag);
    return HexFormat.of().formatHex(tag);
  }

  /** Tells the authorities of two users or machines apart, and by its tag also two of one user. */
  private static String name(String tag) {
    String user = System.getProperty("user.name", "");
    String owner = (user + hostName().map(name -> "@" + name).orElse(""));
    String plain = owner.replaceAll("[^A-Za-z0-9@._-]", "");
    String shortened = plain.substring(0, Math.min(plain.length(), MAX_OWNER));
    return "Earshot CA %s (%s)".formatted(tag, shortened);
  }

  /** Not by InetAddress: that may ask a name server, and wait for it. */
  private static Optional<String> hostName() {
    try {
      return Optional.of(Files.readString(KERNEL_HOST_NAME, StandardCharsets.ISO_8859_1).strip());
    } catch (IOException notLinux) {
      return Optional.empty();
    }
  }

  private static String block(String label, byte[] der) {
    byte[] lineFeed = {'\n'};
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, Base64.getMimeEncoder(64, lineFeed).encodeToString(der), label);
  }
}
