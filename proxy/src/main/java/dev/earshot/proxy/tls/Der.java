package dev.earshot.proxy.tls;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Writes the few DER values (X.690) that our kinds of certificates are made of, and takes one apart
 * again. Pure.
 */
final class Der {
  private static final int CONSTRUCTED_CONTEXT = 0xA0;
  private static final int PRIMITIVE_CONTEXT = 0x80;

  /** From this year on a time is a GeneralizedTime (RFC 5280 section 4.1.2.5). */
  private static final int FIRST_GENERALIZED_YEAR = 2050;

  private static final DateTimeFormatter UTC_TIME = utc("yyMMddHHmmss'Z'");
  private static final DateTimeFormatter GENERALIZED_TIME = utc("yyyyMMddHHmmss'Z'");

  private Der() {}

  static byte[] sequence(byte[]... parts) {
    return value(0x30, parts);
  }

  static byte[] sequence(List<byte[]> parts) {
    return sequence(parts.toArray(new byte[0][]));
  }

  static byte[] set(byte[]... parts) {
    return value(0x31, parts);
  }

  static byte[] integer(BigInteger number) {
    return value(0x02, number.toByteArray());
  }

  /** The boolean TRUE; FALSE is only ever a default, which DER leaves out. */
  static byte[] yes() {
    return value(0x01, new byte[] {(byte) 0xFF});
  }

  static byte[] octets(byte[]... parts) {
    return value(0x04, parts);
  }

  static byte[] bits(int unused, byte... bits) {
    return value(0x03, new byte[] {(byte) unused}, bits);
  }

  static byte[] utf8(String text) {
    return value(0x0C, text.getBytes(StandardCharsets.UTF_8));
  }

  /** A point in time, to the second; its form depends on the year. */
  static byte[] time(Instant at) {
    var second = at.truncatedTo(ChronoUnit.SECONDS).atOffset(ZoneOffset.UTC);
    return second.getYear() < FIRST_GENERALIZED_YEAR
        ? value(0x17, ascii(UTC_TIME.format(second)))
        : value(0x18, ascii(GENERALIZED_TIME.format(second)));
  }

  /** An object identifier in dotted form: at least two arcs, each below 2^31. */
  static byte[] oid(String dotted) {
    int[] arcs = Stream.of(dotted.split("\\.", -1)).mapToInt(Integer::parseInt).toArray();
    if (arcs.length < 2) {
      throw new IllegalArgumentException("not an object identifier: " + dotted);
    }
    ByteBuffer out = ByteBuffer.allocate(5 * arcs.length);
    base128(out, 40 * arcs[0] + arcs[1]);
    for (int i = 2; i < arcs.length; i++) {
      base128(out, arcs[i]);
    }
    return value(0x06, written(out));
  }

  /** A value with an explicit context tag: it wraps a whole value. */
  static byte[] explicit(int number, byte[] inner) {
    return value(CONSTRUCTED_CONTEXT | number, inner);
  }

  /** A primitive value with an implicit context tag: the tag stands in for its own. */
  static byte[] implicit(int number, byte[] content) {
    return value(PRIMITIVE_CONTEXT | number, content);
  }

  /** A constructed value with an implicit context tag: the tag stands in for a sequence's. */
  static byte[] constructed(int number, List<byte[]> parts) {
    return value(CONSTRUCTED_CONTEXT | number, parts.toArray(new byte[0][]));
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** A value that was read. Its content has no position of its own to share. */
  record Part(int tag, ByteBuffer content) {
    /** A copy of the content. */
    byte[] bytes() {
      byte[] copy = new byte[content.remaining()];
      content.duplicate().get(copy);
      return copy;
    }
  }

  /**
   * The values that follow each other, as far as they can be read; never throws. Tags of one byte
   * and lengths below 64 KiB are enough for what we write.
   */
  static List<Part> parts(ByteBuffer values) {
    List<Part> parts = new ArrayList<>();
    ByteBuffer in = values.duplicate();
    while (in.remaining() >= 2) {
      int tag = in.get() & 0xff;
      int length = in.get() & 0xff;
      int more = length < 0x80 ? 0 : length - 0x80;
      if (more > 2 || more > in.remaining()) {
        break;
      }
      for (int i = 0; i < more; i++) {
        length = (i == 0 ? 0 : length << 8) | (in.get() & 0xff);
      }
      if (length > in.remaining()) {
        break;
      }
      parts.add(new Part(tag, in.slice(in.position(), length)));
      in.position(in.position() + length);
    }
    return parts;
  }

  private static byte[] value(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteBuffer out = ByteBuffer.allocate(6 + length);
    out.put((byte) tag);
    length(out, length);
    for (byte[] part : parts) {
      out.put(part);
    }
    return written(out);
  }

  /** The short form below 128, else the long form with as few bytes as do (X.690 10.1). */
  private static void length(ByteBuffer out, int length) {
    if (length < 0x80) {
      out.put((byte) length);
      return;
    }
    int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
    out.put((byte) (0x80 | bytes));
    for (int i = bytes - 1; i >= 0; i--) {
      out.put((byte) (length >>> (8 * i)));
    }
  }

  private static void base128(ByteBuffer out, int arc) {
    int groups = Math.max(1, (Integer.SIZE - Integer.numberOfLeadingZeros(arc) + 6) / 7);
    for (int i = groups - 1; i >= 0; i--) {
      int more = i > 0 ? 0x80 : 0;
      out.put((byte) (more | ((arc >>> (7 * i)) & 0x7F)));
    }
  }

  private static byte[] written(ByteBuffer out) {
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }

  private static DateTimeFormatter utc(String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ROOT);
  }
}
