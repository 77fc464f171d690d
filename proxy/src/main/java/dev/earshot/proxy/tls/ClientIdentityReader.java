package dev.earshot.proxy.tls;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;

/**
 * Reads a client's certificate and key from the bytes of a file: PEM (RFC 7468) with both in any
 * order, or PKCS #12 without a password. Pure.
 */
public final class ClientIdentityReader {
  private static final String BEGIN = "-----BEGIN ";
  private static final String DASHES = "-----";
  private static final byte DER_SEQUENCE = 0x30;

  private ClientIdentityReader() {}

  /**
   * Reads a file.
   *
   * @param name of the file, for the commands that messages propose
   * @throws ClientIdentityException if it is not what is needed; the message says why and what
   *     converts it
   */
  public static ClientIdentity read(byte[] file, String name) throws ClientIdentityException {
    String text = new String(file, ISO_8859_1);
    if (text.contains(BEGIN)) {
      return pem(text, name);
    }
    if (file.length > 0 && file[0] == DER_SEQUENCE) {
      return pkcs12(file, name);
    }
    throw new ClientIdentityException(
        "it is neither PEM nor PKCS #12; it has to have a certificate and its private key in PEM");
  }

  private static ClientIdentity pem(String text, String name) throws ClientIdentityException {
    List<X509Certificate> certificates = new ArrayList<>();
    List<PrivateKey> keys = new ArrayList<>();
    byte[] curve = {};
    for (Block block : blocks(text)) {
      String label = block.label();
      String body = block.body();
      if (label.equals("ENCRYPTED PRIVATE KEY") || body.contains("ENCRYPTED")) {
        throw encrypted("its key", "pkey -in " + quoted(name));
      }
      switch (label) {
        case "CERTIFICATE", "X509 CERTIFICATE" -> certificates.add(certificate(decoded(body)));
        case "EC PARAMETERS" -> curve = decoded(body);
        case "PRIVATE KEY" -> keys.add(PrivateKeys.pkcs8(decoded(body)));
        case "RSA PRIVATE KEY" -> keys.add(PrivateKeys.pkcs1(decoded(body)));
        case "EC PRIVATE KEY" -> keys.add(PrivateKeys.sec1(decoded(body), curve));
        case String other when other.endsWith("PRIVATE KEY") ->
            throw new ClientIdentityException(
                "a key of the kind \"%s\" is not supported; try: openssl pkey -in %s -out NEW"
                    .formatted(other, quoted(name)));
        default -> {}
      }
    }
    if (certificates.isEmpty()) {
      throw new ClientIdentityException(
          "it has no certificate; put it beside the key: cat CERT KEY");
    }
    if (keys.isEmpty()) {
      throw new ClientIdentityException(
          "it has no private key; put it beside the certificate: cat CERT KEY");
    }
    return identity(certificates, keys.getFirst());
  }

  private record Block(String label, String body) {}

  /** What is between blocks is for people. */
  private static List<Block> blocks(String text) throws ClientIdentityException {
    List<Block> blocks = new ArrayList<>();
    int begin = text.indexOf(BEGIN);
    while (begin >= 0) {
      int label = begin + BEGIN.length();
      int body = text.indexOf(DASHES, label);
      String end = "-----END " + text.substring(label, Math.max(body, label)) + DASHES;
      int after = body < 0 ? -1 : text.indexOf(end, body);
      if (after < 0) {
        throw new ClientIdentityException("a block of its PEM has no end");
      }
      blocks.add(
          new Block(text.substring(label, body), text.substring(body + DASHES.length(), after)));
      begin = text.indexOf(BEGIN, after);
    }
    return blocks;
  }

  private static ClientIdentity pkcs12(byte[] file, String name) throws ClientIdentityException {
    char[] none = {};
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new ByteArrayInputStream(file), none);
      for (String alias : Collections.list(store.aliases())) {
        Key key = store.isKeyEntry(alias) ? store.getKey(alias, none) : null;
        Certificate[] chain = store.getCertificateChain(alias);
        if (key instanceof PrivateKey found && chain != null) {
          List<X509Certificate> certificates = new ArrayList<>();
          for (Certificate each : chain) {
            certificates.add((X509Certificate) each);
          }
          return identity(certificates, found);
        }
      }
    } catch (IOException | GeneralSecurityException e) {
      throw encrypted("it is no PKCS #12, or it", "pkcs12 -nodes -in " + quoted(name));
    }
    throw new ClientIdentityException(
        "it has no private key that can be read; try: openssl pkcs12 -nodes -in %s -out NEW"
            .formatted(quoted(name)));
  }

  private static ClientIdentityException encrypted(String what, String command) {
    return new ClientIdentityException(
        "%s has a password, and Earshot does not ask for it; try: openssl %s -out NEW"
            .formatted(what, command));
  }

  /** The certificate of the key first, wherever it stands, then the others as they stand. */
  private static ClientIdentity identity(List<X509Certificate> certificates, PrivateKey key)
      throws ClientIdentityException {
    List<X509Certificate> chain = new ArrayList<>(certificates);
    for (X509Certificate each : certificates) {
      if (belong(each, key)) {
        chain.remove(each);
        chain.addFirst(each);
        return new ClientIdentity(chain, key);
      }
    }
    throw new ClientIdentityException("its private key is not that of its certificate");
  }

  private static boolean belong(X509Certificate certificate, PrivateKey key) {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm();
        };
    try {
      var signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      return signature.verify(signed);
    } catch (GeneralSecurityException otherKind) {
      return false;
    }
  }

  private static X509Certificate certificate(byte[] der) throws ClientIdentityException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (GeneralSecurityException malformed) {
      throw new ClientIdentityException("a certificate in it is malformed");
    }
  }

  private static byte[] decoded(String base64) throws ClientIdentityException {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException malformed) {
      throw new ClientIdentityException("its Base64 is malformed");
    }
  }

  private static String quoted(String name) {
    return name.matches("[A-Za-z0-9_./-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
  }
}
