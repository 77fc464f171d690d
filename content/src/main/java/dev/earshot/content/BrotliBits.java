package dev.earshot.content;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bits of a brotli stream (RFC 7932 section 1.5.1: the lowest first), as they come. What finds
 * too few of them throws {@link Missing} and has taken none; a step that reads several numbers
 * marks its begin, so that it can be done again from there.
 */
final class BrotliBits {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** More than any step reads: the longest is a prefix code of 704 symbols. */
  private static final int LONGEST_STEP = 4 * 1024;

  private final byte[] buffer = new byte[Coding.CHUNK + LONGEST_STEP];
  private int at;
  private int limit;

  /** The next bits, of which {@code count} are taken out of the buffer. */
  private long bits;

  private int count;

  private boolean marked;
  private long markedBits;
  private int markedCount;
  private int markedAt;

  /** There are fewer bits than needed. */
  static final class Missing extends Exception {
    private static final long serialVersionUID = 1;

    Missing() {
      super("bits are missing", null, false, false);
    }
  }

  /** Takes over as much of the input as there is room for, which is some. */
  void refill(ByteBuffer in) {
    System.arraycopy(buffer, at, buffer, 0, limit - at);
    limit -= at;
    at = 0;
    int bytes = Math.min(in.remaining(), Math.min(Coding.CHUNK, buffer.length - limit));
    if (bytes == 0 && in.hasRemaining()) {
      throw new IllegalStateException("a step longer than any");
    }
    in.get(buffer, limit, bytes);
    limit += bytes;
  }

  /** A step begins that is done as a whole or again. */
  void mark() {
    marked = true;
    markedBits = bits;
    markedCount = count;
    markedAt = at;
  }

  /** The step is done. */
  void done() {
    marked = false;
  }

  /** Goes back to where the step began that could not be done. */
  void reset() {
    if (marked) {
      bits = markedBits;
      count = markedCount;
      at = markedAt;
      marked = false;
    }
  }

  private void fill() {
    if (limit - at >= Long.BYTES) {
      // What does not fit is read again next time, and is then the same.
      bits |= (long) LONGS.get(buffer, at) << count;
      at += (63 - count) >> 3;
      count |= 56;
    } else {
      while (count <= 56 && at < limit) {
        bits |= (buffer[at++] & 0xFFL) << count;
        count += 8;
      }
    }
  }

  /** The next bits without taking them; beyond the last there may be anything. */
  int peek() {
    if (count < 15) {
      fill();
    }
    return (int) bits;
  }

  /** Takes bits that were looked at. */
  void take(int taken) throws Missing {
    if (taken > count) {
      throw new Missing();
    }
    bits >>>= taken;
    count -= taken;
  }

  /** A number of up to 24 bits. */
  int read(int wanted) throws Missing {
    if (count < wanted) {
      fill();
    }
    int value = (int) bits & ((1 << wanted) - 1);
    take(wanted);
    return value;
  }

  /** Goes to the next whole byte. False if there was something else than zeros before it. */
  boolean align() {
    int odd = count & 7;
    boolean zeros = (bits & ((1L << odd) - 1)) == 0;
    bits >>>= odd;
    count -= odd;
    return zeros;
  }

  /** Copies whole bytes from a byte's boundary; returns how many, 0 if there are none. */
  int copy(byte[] to, int offset, int most) {
    int copied = 0;
    while (copied < most && count > 0) {
      to[offset + copied++] = (byte) bits;
      bits >>>= 8;
      count -= 8;
    }
    if (count == 0) {
      // Bits that were read ahead come again out of the buffer.
      bits = 0;
      int more = Math.min(most - copied, limit - at);
      System.arraycopy(buffer, at, to, offset + copied, more);
      at += more;
      copied += more;
    }
    return copied;
  }

  /** Drops whole bytes from a byte's boundary; returns how many, 0 if there are none. */
  int skip(int most) {
    int skipped = 0;
    while (skipped < most && count > 0) {
      bits >>>= 8;
      count -= 8;
      skipped++;
    }
    if (count == 0) {
      bits = 0;
      int more = Math.min(most - skipped, limit - at);
      at += more;
      skipped += more;
    }
    return skipped;
  }
}
