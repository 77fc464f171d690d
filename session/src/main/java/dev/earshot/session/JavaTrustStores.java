package dev.earshot.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Trust stores of Java, read and written without parsing the certificates in them: the JDK's own
 * {@code KeyStore} parses each, which costs a fresh JVM 150 ms at every start of a session.
 * Certificates are blocks of {@link PemBlocks}.
 */
final class JavaTrustStores {
  private static final int JKS_MAGIC = 0xFEEDFEED;
  private static final int JKS_VERSION = 2;
  private static final int JKS_TRUSTED = 2;

  private static final int SEQUENCE = 0x30;
  private static final int SET = 0x31;
  private static final int OCTETS = 0x04;
  private static final int BMP_STRING = 0x1e;
  private static final int EXPLICIT = 0xa0;

  /** Object identifiers in DER, tag and length included: RFC 7292 section 4.2, RFC 2985 5.5.1. */
  private static final byte[] DATA = hex("06092a864886f70d010701");

  private static final byte[] CERTIFICATE_BAG = hex("060b2a864886f70d010c0a0103");
  private static final byte[] X509_CERTIFICATE = hex("060a2a864886f70d01091601");
  private static final byte[] FRIENDLY_NAME = hex("06092a864886f70d010914");

  /** Oracle's attribute that makes a certificate a trusted one, and its value: for any usage. */
  private static final byte[] TRUSTED_KEY_USAGE = hex("060c6086480186f966adca7b0101");

  private static final byte[] ANY_USAGE = hex("0604551d2500");
  private static final byte[] VERSION_3 = hex("020103");

  private JavaTrustStores() {}

  /**
   * The certificates of a store in the format JKS, unverified as a JVM takes them without a
   * password. Empty if it is no such store, or has other entries than trusted certificates.
   */
  static Optional<List<String>> jks(byte[] file) {
    try (var in = new DataInputStream(new ByteArrayInputStream(file))) {
      if (in.readInt() != JKS_MAGIC || in.readInt() != JKS_VERSION) {
        return Optional.empty();
      }
      List<String> blocks = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        if (in.readInt() != JKS_TRUSTED) {
          return Optional.empty();
        }
        in.readUTF();
        in.readLong();
        in.readUTF();
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
          return Optional.empty();
        }
        blocks.addAll(PemBlocks.parse(in.readNBytes(length)));
      }
      return Optional.of(blocks);
    } catch (IOException truncated) {
      return Optional.empty();
    }
  }

  /**
   * A store in the format PKCS #12 (RFC 7292 section 4) with these as trusted certificates, neither
   * encrypted nor authenticated: a JVM opens it with any password or none, also one that is older
   * than today's algorithms.
   */
  static byte[] pkcs12(Collection<String> blocks) {
    var bags = new ByteArrayOutputStream();
    int number = 0;
    for (String block : blocks) {
      bags.writeBytes(bag(Base64.getDecoder().decode(block), "ca-" + number++));
    }
    byte[] safe = data(value(SEQUENCE, bags.toByteArray()));
    return value(SEQUENCE, VERSION_3, data(value(SEQUENCE, safe)));
  }

  private static byte[] bag(byte[] certificate, String name) {
    byte[] wrapped = value(EXPLICIT, value(OCTETS, certificate));
    byte[] text = value(BMP_STRING, name.getBytes(StandardCharsets.UTF_16BE));
    return value(
        SEQUENCE,
        CERTIFICATE_BAG,
        value(EXPLICIT, value(SEQUENCE, X509_CERTIFICATE, wrapped)),
        value(
            SET,
            value(SEQUENCE, FRIENDLY_NAME, value(SET, text)),
            value(SEQUENCE, TRUSTED_KEY_USAGE, value(SET, ANY_USAGE))));
  }

  private static byte[] data(byte[] content) {
    return value(SEQUENCE, DATA, value(EXPLICIT, value(OCTETS, content)));
  }

  /** A DER value (X.690 section 8.1): tag, length, the parts. */
  private static byte[] value(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    var der = new ByteArrayOutputStream(length + 6);
    der.write(tag);
    if (length < 0x80) {
      der.write(length);
    } else {
      int octets = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
      der.write(0x80 | octets);
      for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
        der.write(length >> shift);
      }
    }
    for (byte[] part : parts) {
      der.writeBytes(part);
    }
    return der.toByteArray();
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }
}
