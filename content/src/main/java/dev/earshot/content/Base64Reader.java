package dev.earshot.content;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Takes base64 (RFC 4648 section 4) off the bytes of another reader: in gRPC-Web-Text, one group of
 * padded data after the other. What is no base64 ends it.
 */
final class Base64Reader implements MessageReader {
  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  private static final byte OTHER = -1;
  private static final byte[] VALUES = values();

  private final MessageReader reader;
  private final ByteBuffer decoded = ByteBuffer.allocate(Coding.CHUNK);

  /** The characters of four that were read, as bits; then how many of them were padding. */
  private int group;

  private int read;
  private int padding;
  private boolean ended;

  Base64Reader(MessageReader reader) {
    this.reader = reader;
  }

  private static byte[] values() {
    byte[] values = new byte[256];
    Arrays.fill(values, OTHER);
    for (int i = 0; i < ALPHABET.length(); i++) {
      values[ALPHABET.charAt(i)] = (byte) i;
    }
    return values;
  }

  @Override
  public void feed(ByteBuffer bytes) {
    while (bytes.hasRemaining() && !ended) {
      byte octet = bytes.get();
      int value = VALUES[octet & 0xFF];
      if (octet == '=' && read >= 2) {
        padding++;
        value = 0;
      } else if (padding > 0) {
        value = OTHER;
      }
      if (value < 0) {
        ended = true;
      } else {
        group = group << 6 | value;
        if (++read == 4) {
          groupRead();
        }
      }
    }
    pass();
    bytes.position(bytes.limit());
  }

  private void groupRead() {
    for (int i = 0; i < 3 - padding; i++) {
      decoded.put((byte) (group >>> (16 - 8 * i)));
    }
    read = 0;
    padding = 0;
    if (decoded.remaining() < 3) {
      pass();
    }
  }

  private void pass() {
    reader.feed(decoded.flip());
    decoded.clear();
  }

  @Override
  public void close() {
    ended = true;
    reader.close();
  }
}
