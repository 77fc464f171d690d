package dev.earshot.session;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Certificates of files in PEM (RFC 7468) or DER, without understanding them: a bundle has more
 * than a hundred, and merging bundles needs only their bytes. Each is the Base64 text of its DER,
 * without line breaks, so that equal certificates are equal strings.
 */
final class PemBlocks {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final List<String> LABELS =
      List.of("CERTIFICATE-----", "X509 CERTIFICATE-----", "TRUSTED CERTIFICATE-----");
  private static final int LINE = 64;

  private PemBlocks() {}

  /** The certificates in a file, in order; what is none is passed over. Never throws. */
  static List<String> parse(byte[] file) {
    List<String> blocks = new ArrayList<>();
    String text = new String(file, StandardCharsets.ISO_8859_1);
    int begin = text.indexOf(BEGIN);
    if (begin < 0) {
      addCertificate(blocks, file);
    }
    while (begin >= 0) {
      int label = begin + BEGIN.length();
      int end = text.indexOf(END, label);
      String found = LABELS.stream().filter(l -> text.startsWith(l, label)).findFirst().orElse("");
      if (end >= 0 && !found.isEmpty()) {
        addCertificate(blocks, decoded(text.substring(label + found.length(), end)));
      }
      begin = text.indexOf(BEGIN, label);
    }
    return List.copyOf(blocks);
  }

  /** The block of a certificate. */
  static String of(byte[] der) {
    return Base64.getEncoder().encodeToString(der);
  }

  /** The blocks as a PEM file. */
  static byte[] pem(Collection<String> blocks) {
    var pem = new StringBuilder();
    for (String block : blocks) {
      pem.append(BEGIN).append("CERTIFICATE-----\n");
      for (int at = 0; at < block.length(); at += LINE) {
        pem.append(block, at, Math.min(at + LINE, block.length())).append('\n');
      }
      pem.append(END).append("CERTIFICATE-----\n");
    }
    return pem.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** The certificates that parse; the others are left out. */
  static List<X509Certificate> certificates(Collection<String> blocks) {
    CertificateFactory x509 = x509();
    return blocks.stream().flatMap(block -> certificate(x509, block).stream()).toList();
  }

  private static Optional<X509Certificate> certificate(CertificateFactory x509, String block) {
    try {
      var der = new ByteArrayInputStream(Base64.getDecoder().decode(block));
      return Optional.of((X509Certificate) x509.generateCertificate(der));
    } catch (CertificateException malformed) {
      return Optional.empty();
    }
  }

  private static CertificateFactory x509() {
    try {
      return CertificateFactory.getInstance("X.509");
    } catch (CertificateException e) {
      throw new IllegalStateException("every JDK has X.509", e);
    }
  }

  private static byte[] decoded(String base64) {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException notBase64) {
      return new byte[0];
    }
  }

  /** Adds the first DER value: a trusted certificate of OpenSSL has its uses behind it. */
  private static void addCertificate(List<String> blocks, byte[] bytes) {
    int length = sequenceLength(bytes);
    if (length > 0) {
      blocks.add(of(Arrays.copyOf(bytes, length)));
    }
  }

  /** The length of the DER SEQUENCE at the begin (X.690 section 8.1), or 0 if there is none. */
  private static int sequenceLength(byte[] bytes) {
    if (bytes.length < 4 || bytes[0] != 0x30 || (bytes[1] & 0xff) < 0x81) {
      return 0;
    }
    int octets = bytes[1] & 0x7f;
    if (octets > 3 || bytes.length < 2 + octets) {
      return 0;
    }
    int length = 0;
    for (int i = 0; i < octets; i++) {
      length = (length << 8) | (bytes[2 + i] & 0xff);
    }
    int total = 2 + octets + length;
    return total <= bytes.length ? total : 0;
  }
}
