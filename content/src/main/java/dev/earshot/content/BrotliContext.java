package dev.earshot.content;

/** The context of a literal of brotli: a number from 0 to 63 out of the two bytes before it. */
final class BrotliContext {
  private static final int LSB6 = 0;
  private static final int MSB6 = 1;
  private static final int UTF8 = 2;

  /** RFC 7932 section 7.1, Lut0 of ASCII: a letter for each quarter. */
  private static final String LAST_ASCII =
      "aaaaaaaaabbaabaaaaaaaaaaaaaaaaaacdeddfdeghddidjdlllllllllliigkhd"
          + "dmnnnmnnnmnnnnnmnnnnnmnnnnngdhdddopppopppopppppopppppopppppgdhda";

  /** RFC 7932 section 7.1, Lut1 of ASCII. */
  private static final String BEFORE_ASCII =
      "0000000000000000000000000000000001111111111111112222222222111111"
          + "1222222222222222222222222221111113333333333333333333333333311110";

  /** By mode: the part of the last byte, then that of the byte before it. */
  private static final byte[][] TABLES = new byte[8][256];

  static {
    for (int octet = 0; octet < 256; octet++) {
      for (int mode = 0; mode < 4; mode++) {
        TABLES[2 * mode][octet] = (byte) ofLast(mode, octet);
        TABLES[2 * mode + 1][octet] = (byte) ofBefore(mode, octet);
      }
    }
  }

  private BrotliContext() {}

  /** What the last byte adds to the context, for each byte. */
  static byte[] last(int mode) {
    return TABLES[2 * mode];
  }

  /** What the byte before the last adds. */
  static byte[] before(int mode) {
    return TABLES[2 * mode + 1];
  }

  private static int ofLast(int mode, int octet) {
    return switch (mode) {
      case LSB6 -> octet & 0x3F;
      case MSB6 -> octet >> 2;
      case UTF8 ->
          octet < 128 ? (LAST_ASCII.charAt(octet) - 'a') * 4 : (octet < 192 ? 0 : 2) + (octet & 1);
      default -> signed(octet) << 3;
    };
  }

  private static int ofBefore(int mode, int octet) {
    return switch (mode) {
      case LSB6, MSB6 -> 0;
      case UTF8 -> octet < 128 ? BEFORE_ASCII.charAt(octet) - '0' : octet < 224 ? 0 : 2;
      default -> signed(octet);
    };
  }

  /** RFC 7932 section 7.1, Lut2. */
  private static int signed(int octet) {
    if (octet == 0 || octet == 255) {
      return octet & 7;
    }
    if (octet < 128) {
      return octet < 16 ? 1 : octet < 64 ? 2 : 3;
    }
    return octet < 192 ? 4 : octet < 240 ? 5 : 6;
  }
}
