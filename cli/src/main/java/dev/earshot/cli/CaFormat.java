package dev.earshot.cli;

import dev.earshot.proxy.tls.CertificateAuthority;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A form in which the authority's certificate is handed out; its key is in none of them. */
enum CaFormat {
  /** Text (RFC 7468), what most programs read. */
  PEM,
  /** The bytes of the certificate. */
  DER,
  /** A trust store of Java (PKCS #12), with the certificate as its one trusted entry. */
  P12;

  /** That of Java's own stores, so that it need not be named. */
  static final String USUAL_PASSWORD = "changeit";

  /** keytool takes no shorter one. */
  static final int SHORTEST_PASSWORD = 6;

  private static final String ENTRY = "earshot-ca";

  /** As it is written on the command line. */
  String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  static List<String> names() {
    return Arrays.stream(values()).map(CaFormat::wireName).toList();
  }

  static Optional<CaFormat> named(String name) {
    return Arrays.stream(values()).filter(each -> each.wireName().equals(name)).findFirst();
  }

  /**
   * The certificate in this form.
   *
   * @param password of a store; it hides nothing, as the certificate is no secret
   */
  byte[] of(CertificateAuthority ca, String password) {
    try {
      return switch (this) {
        case PEM -> ca.pem().getBytes(StandardCharsets.US_ASCII);
        case DER -> ca.certificate().getEncoded();
        case P12 -> {
          KeyStore store = KeyStore.getInstance("PKCS12");
          store.load(null, null);
          store.setCertificateEntry(ENTRY, ca.certificate());
          var bytes = new ByteArrayOutputStream();
          store.store(bytes, password.toCharArray());
          yield bytes.toByteArray();
        }
      };
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this Java cannot write a certificate", e);
    }
  }
}
