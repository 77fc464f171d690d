package dev.earshot.proxy.tls;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;

/** Private keys from the DER of what openssl writes. Pure. */
final class PrivateKeys {
  private static final String RSA = "1.2.840.113549.1.1.1";
  private static final String EC = "1.2.840.10045.2.1";
  private static final byte[] NULL = {5, 0};
  private static final int SEQUENCE = 0x30;
  private static final int CURVE_OF_SEC1 = 0xa0;

  private PrivateKeys() {}

  /** A PrivateKeyInfo (RFC 5208): of RSA, an elliptic curve, or EdDSA. */
  static PrivateKey pkcs8(byte[] der) throws ClientIdentityException {
    var spec = new PKCS8EncodedKeySpec(der);
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (GeneralSecurityException otherAlgorithm) {
        // The next may know it.
      }
    }
    throw new ClientIdentityException("its private key is malformed, or neither of RSA nor EC");
  }

  /** An RSAPrivateKey (RFC 8017 appendix A.1.2). */
  static PrivateKey pkcs1(byte[] der) throws ClientIdentityException {
    return pkcs8(wrapped(Der.sequence(Der.oid(RSA), NULL), der));
  }

  /**
   * An ECPrivateKey (RFC 5915).
   *
   * @param curve its parameters in DER, if it does not name them itself
   */
  static PrivateKey sec1(byte[] der, byte[] curve) throws ClientIdentityException {
    byte[] parameters = curve;
    List<Der.Part> outer = Der.parts(ByteBuffer.wrap(der));
    if (!outer.isEmpty() && outer.getFirst().tag() == SEQUENCE) {
      for (Der.Part part : Der.parts(outer.getFirst().content())) {
        parameters = part.tag() == CURVE_OF_SEC1 ? part.bytes() : parameters;
      }
    }
    return pkcs8(wrapped(Der.sequence(Der.oid(EC), parameters), der));
  }

  private static byte[] wrapped(byte[] algorithm, byte[] key) {
    return Der.sequence(Der.integer(BigInteger.ZERO), algorithm, Der.octets(key));
  }
}
