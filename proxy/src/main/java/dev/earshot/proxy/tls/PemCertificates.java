package dev.earshot.proxy.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The certificates of a PEM text (RFC 7468), read leniently: any text may stand between the blocks,
 * and other kinds of blocks are passed over.
 *
 * @param certificates those that parsed, in the order of the text
 * @param skipped how many certificate blocks did not parse, or had no end
 */
public record PemCertificates(List<X509Certificate> certificates, int skipped) {
  private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final String END = "-----END CERTIFICATE-----";

  /** Copies the list. */
  public PemCertificates {
    certificates = List.copyOf(certificates);
  }

  /** The certificates of the text. Never throws on input; what does not parse is counted. */
  public static PemCertificates parse(String text) {
    List<X509Certificate> certificates = new ArrayList<>();
    int skipped = 0;
    int begin = text.indexOf(BEGIN);
    while (begin >= 0) {
      int body = begin + BEGIN.length();
      int next = text.indexOf(BEGIN, body);
      int end = text.indexOf(END, body);
      // A block that was cut off must not swallow the good one after it.
      if (end < 0 || (next >= 0 && next < end)) {
        skipped++;
      } else {
        try {
          certificates.add(decode(text.substring(body, end)));
        } catch (CertificateException | IllegalArgumentException broken) {
          skipped++;
        }
      }
      begin = next;
    }
    return new PemCertificates(certificates, skipped);
  }

  /** The same for bytes; those beyond ASCII can only stand between blocks, in any encoding. */
  public static PemCertificates parse(byte[] text) {
    return parse(new String(text, StandardCharsets.ISO_8859_1));
  }

  private static X509Certificate decode(String base64) throws CertificateException {
    byte[] der = Base64.getMimeDecoder().decode(base64);
    return x509(der);
  }

  /** The certificate in DER form. */
  static X509Certificate x509(byte[] der) throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }
}
