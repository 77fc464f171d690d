package dev.earshot.content;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The beginning of a text in UTF-8, at most {@link #MOST} bytes of it; what does not fit is
 * dropped. What is not UTF-8 becomes U+FFFD; a character that the limit cuts is dropped.
 */
final class KeptText {
  static final int MOST = 64 * 1024;

  private static final int FIRST_CAPACITY = 256;

  private byte[] bytes = {};
  private int length;
  private boolean truncated;

  /** Takes all of the buffer. */
  void add(ByteBuffer more) {
    int fits = Math.min(more.remaining(), MOST - length);
    reserve(fits);
    more.get(bytes, length, fits);
    length += fits;
    if (more.hasRemaining()) {
      truncated = true;
      more.position(more.limit());
    }
  }

  /** Takes another text with what is said of it. */
  void add(KeptText more) {
    add(ByteBuffer.wrap(more.bytes, 0, more.length));
    truncated |= more.truncated;
  }

  /** Takes text in ASCII. */
  void add(String ascii) {
    add(ByteBuffer.wrap(ascii.getBytes(StandardCharsets.US_ASCII)));
  }

  private void reserve(int more) {
    if (length + more > bytes.length) {
      int capacity = Math.max(FIRST_CAPACITY, Math.max(length + more, 2 * bytes.length));
      bytes = Arrays.copyOf(bytes, Math.min(MOST, capacity));
    }
  }

  int length() {
    return length;
  }

  boolean isTruncated() {
    return truncated;
  }

  /** Marks that something is missing at the end. */
  void truncate() {
    truncated = true;
  }

  boolean isEmpty() {
    return length == 0;
  }

  String text() {
    return new String(bytes, 0, truncated ? wholeCharacters() : length, StandardCharsets.UTF_8);
  }

  /** The length without the beginning of a character at its end. */
  private int wholeCharacters() {
    int lead = length - 1;
    while (lead >= 0 && lead > length - 4 && (bytes[lead] & 0xC0) == 0x80) {
      lead--;
    }
    if (lead < 0) {
      return length;
    }
    int octet = bytes[lead] & 0xFF;
    int wanted = octet < 0xC0 ? 1 : octet < 0xE0 ? 2 : octet < 0xF0 ? 3 : 4;
    return lead + wanted > length ? lead : length;
  }

  /** Begins an empty text. A large buffer is not kept for it. */
  void clear() {
    if (bytes.length > 16 * FIRST_CAPACITY) {
      bytes = new byte[0];
    }
    length = 0;
    truncated = false;
  }
}
