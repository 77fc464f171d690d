package dev.earshot.proxy.tls;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The forms of certificate that we sign (RFC 5280 section 4), all with ECDSA and SHA-256: an
 * authority that signs itself, one below it, and a leaf for one server name. A function of its
 * arguments, but for the signature, which is random.
 */
final class CertificateForm {
  private static final byte[] VERSION_3 = Der.explicit(0, Der.integer(BigInteger.TWO));
  private static final byte[] ECDSA_WITH_SHA256 = Der.sequence(Der.oid("1.2.840.10045.4.3.2"));
  private static final String COMMON_NAME = "2.5.4.3";
  private static final String SUBJECT_KEY_ID = "2.5.29.14";
  private static final String KEY_USAGE = "2.5.29.15";
  private static final String SUBJECT_ALT_NAME = "2.5.29.17";
  private static final String BASIC_CONSTRAINTS = "2.5.29.19";
  private static final String NAME_CONSTRAINTS = "2.5.29.30";
  private static final String AUTHORITY_KEY_ID = "2.5.29.35";
  private static final String EXTENDED_KEY_USAGE = "2.5.29.37";
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

  /** Key usage bits, the first being the highest (RFC 5280 section 4.2.1.3). */
  private static final byte[] DIGITAL_SIGNATURE = Der.bits(7, (byte) 0x80);

  private static final byte[] CERT_SIGN_AND_CRL_SIGN = Der.bits(1, (byte) 0x06);

  /** The choices of a GeneralName (RFC 5280 section 4.2.1.6). */
  private static final int DNS_NAME = 2;

  private static final int IP_ADDRESS = 7;

  /** The upper bound of a common name, in characters (RFC 5280 appendix A.1). */
  static final int MAX_COMMON_NAME = 64;

  private CertificateForm() {}

  /** From when until when, both to the second and both included. */
  record Validity(Instant notBefore, Instant notAfter) {
    private byte[] der() {
      return Der.sequence(Der.time(notBefore), Der.time(notAfter));
    }
  }

  /**
   * An authority that may sign leaves, but no further authorities, unless it is constrained: then
   * one below it. Returns its DER form.
   */
  static byte[] authority(
      String commonName,
      BigInteger serial,
      Validity validity,
      PublicKey key,
      PrivateKey signer,
      NameConstraints constraints)
      throws GeneralSecurityException {
    byte[] name = name(commonName);
    int below = constraints.isNone() ? 0 : 1;
    return signed(signer, serial, name, validity, name, key, ofAuthority(below, key, constraints));
  }

  /** An authority below the other that may sign leaves only; returns its DER form. */
  static byte[] authorityBelow(
      String commonName,
      BigInteger serial,
      Validity validity,
      PublicKey key,
      X509Certificate issuer,
      PrivateKey signer,
      NameConstraints constraints)
      throws GeneralSecurityException {
    List<byte[]> extensions = new ArrayList<>(ofAuthority(0, key, constraints));
    extensions.add(issuedBy(issuer));
    return signed(
        signer,
        serial,
        issuer.getSubjectX500Principal().getEncoded(),
        validity,
        name(commonName),
        key,
        extensions);
  }

  private static List<byte[]> ofAuthority(int below, PublicKey key, NameConstraints constraints)
      throws GeneralSecurityException {
    List<byte[]> extensions = new ArrayList<>();
    extensions.add(
        critical(
            BASIC_CONSTRAINTS, Der.sequence(Der.yes(), Der.integer(BigInteger.valueOf(below)))));
    extensions.add(critical(KEY_USAGE, CERT_SIGN_AND_CRL_SIGN));
    if (!constraints.isNone()) {
      extensions.add(critical(NAME_CONSTRAINTS, constraints.der()));
    }
    extensions.add(extension(SUBJECT_KEY_ID, Der.octets(keyId(key))));
    return extensions;
  }

  private static byte[] issuedBy(X509Certificate issuer) throws GeneralSecurityException {
    return extension(AUTHORITY_KEY_ID, Der.sequence(Der.implicit(0, keyId(issuer.getPublicKey()))));
  }

  /** The constraints that a certificate carries; empty if they are none of ours. */
  static Optional<NameConstraints> constraints(X509Certificate certificate) {
    byte[] value = certificate.getExtensionValue(NAME_CONSTRAINTS);
    if (value == null) {
      return Optional.of(NameConstraints.NONE);
    }
    return Der.parts(ByteBuffer.wrap(value)).stream()
        .findFirst()
        .flatMap(octets -> NameConstraints.ofDer(octets.bytes()));
  }

  /**
   * A certificate for a server of that name; returns its DER form. A name too long for a common
   * name leaves the subject empty, and then the alternative name is critical (section 4.2.1.6). So
   * does an address where names are constrained: OpenSSL would take it for a name, and refuse it.
   */
  static byte[] leaf(
      ServerName host,
      BigInteger serial,
      Validity validity,
      PublicKey key,
      X509Certificate issuer,
      PrivateKey signer)
      throws GeneralSecurityException {
    boolean fits =
        host.text().length() <= MAX_COMMON_NAME
            && (host instanceof ServerName.Dns
                || issuer.getExtensionValue(NAME_CONSTRAINTS) == null);
    byte[] alternativeName = Der.sequence(generalName(host));
    return signed(
        signer,
        serial,
        issuer.getSubjectX500Principal().getEncoded(),
        validity,
        fits ? name(host.text()) : Der.sequence(),
        key,
        List.of(
            // An empty sequence is CA:FALSE, the default.
            critical(BASIC_CONSTRAINTS, Der.sequence()),
            critical(KEY_USAGE, DIGITAL_SIGNATURE),
            extension(EXTENDED_KEY_USAGE, Der.sequence(Der.oid(SERVER_AUTH))),
            fits
                ? extension(SUBJECT_ALT_NAME, alternativeName)
                : critical(SUBJECT_ALT_NAME, alternativeName),
            extension(SUBJECT_KEY_ID, Der.octets(keyId(key))),
            issuedBy(issuer)));
  }

  private static byte[] signed(
      PrivateKey signer,
      BigInteger serial,
      byte[] issuer,
      Validity validity,
      byte[] subject,
      PublicKey key,
      List<byte[]> extensions)
      throws GeneralSecurityException {
    byte[] toBeSigned =
        Der.sequence(
            VERSION_3,
            Der.integer(serial),
            ECDSA_WITH_SHA256,
            issuer,
            validity.der(),
            subject,
            key.getEncoded(),
            Der.explicit(3, Der.sequence(extensions)));
    Signature ecdsa = Signature.getInstance("SHA256withECDSA");
    ecdsa.initSign(signer);
    ecdsa.update(toBeSigned);
    return Der.sequence(toBeSigned, ECDSA_WITH_SHA256, Der.bits(0, ecdsa.sign()));
  }

  private static byte[] generalName(ServerName host) {
    return switch (host) {
      case ServerName.Dns(var text) -> Der.implicit(DNS_NAME, Der.ascii(text));
      case ServerName.Ip ip -> Der.implicit(IP_ADDRESS, ip.bytes());
    };
  }

  private static byte[] name(String commonName) {
    byte[] attribute = Der.sequence(Der.oid(COMMON_NAME), Der.utf8(commonName));
    return Der.sequence(Der.set(attribute));
  }

  private static byte[] extension(String oid, byte[] content) {
    return Der.sequence(Der.oid(oid), Der.octets(content));
  }

  private static byte[] critical(String oid, byte[] content) {
    return Der.sequence(Der.oid(oid), Der.yes(), Der.octets(content));
  }

  /** The leftmost 160 bits of the key's SHA-256 (RFC 7093 section 2, method 1). */
  private static byte[] keyId(PublicKey key) throws GeneralSecurityException {
    // Of a P-256 key the bit string's content is the last 65 bytes of its encoding: 04, x and y.
    byte[] encoded = key.getEncoded();
    byte[] point = Arrays.copyOfRange(encoded, encoded.length - 65, encoded.length);
    return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(point), 20);
  }
}
