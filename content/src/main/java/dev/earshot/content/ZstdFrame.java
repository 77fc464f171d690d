package dev.earshot.content;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The head of a frame of zstd (RFC 8878 section 3.1.1.1), as far as it says how much is held. */
final class ZstdFrame {
  /** The longest that follows the magic number. */
  static final int MOST_BYTES = 14;

  private static final int SINGLE_SEGMENT = 0x20;
  private static final int[] DICTIONARY_BYTES = {0, 1, 2, 4};
  private static final int[] SIZE_BYTES = {0, 2, 4, 8};
  private static final int LEAST_WINDOW_LOG = 10;

  private ZstdFrame() {}

  /**
   * The size of the window of a frame, in bytes, or a negative number if that is not known yet.
   *
   * @param head what came after the magic number, up to the buffer's position
   */
  static long window(ByteBuffer head) {
    ByteBuffer bytes = head.duplicate().flip().order(ByteOrder.LITTLE_ENDIAN);
    if (!bytes.hasRemaining()) {
      return -1;
    }
    int descriptor = bytes.get() & 0xFF;
    if ((descriptor & SINGLE_SEGMENT) == 0) {
      return bytes.hasRemaining() ? window(bytes.get() & 0xFF) : -1;
    }
    int dictionary = DICTIONARY_BYTES[descriptor & 3];
    int size = Math.max(SIZE_BYTES[descriptor >> 6], 1);
    if (bytes.remaining() < dictionary + size) {
      return -1;
    }
    bytes.position(bytes.position() + dictionary);
    long content =
        switch (size) {
          case 1 -> bytes.get() & 0xFF;
          case 2 -> (bytes.getShort() & 0xFFFF) + 256;
          case 4 -> Integer.toUnsignedLong(bytes.getInt());
          default -> bytes.getLong();
        };
    return content < 0 ? Long.MAX_VALUE : content;
  }

  /** RFC 8878 section 3.1.1.1.2. */
  private static long window(int descriptor) {
    long base = 1L << (LEAST_WINDOW_LOG + (descriptor >> 3));
    return base + (base >> 3) * (descriptor & 7);
  }
}
