package dev.earshot.content;

import java.nio.ByteBuffer;

/** One content coding of a body, taken off as the bytes come. */
abstract sealed class Coding implements AutoCloseable
    permits BrotliCoding, DeflateCoding, GzipCoding, ZstdCoding {

  /** Where decoded bytes go. The buffer is valid during the call. */
  interface Output {
    void accept(ByteBuffer decoded) throws StopDecoding;
  }

  /** How many bytes are decoded at a time. */
  static final int CHUNK = 8 * 1024;

  /** About what each of them holds besides a window that the data chooses. */
  static final long STATE = 64 * 1024;

  private long trailing;

  /** Takes all of the input, and gives out whatever can be decoded by now. */
  abstract void feed(ByteBuffer in, Output out) throws StopDecoding;

  /** No more comes. Returns whether the coded data has ended. */
  abstract boolean end();

  /** About how much is held for it by now, in bytes. */
  abstract long memory();

  /** Bytes that came after the end of the coded data, and are no part of it. */
  final long trailing() {
    return trailing;
  }

  /** Counts what is left of the input as no part of the coded data. */
  final void skipTrailing(ByteBuffer in) {
    skipTrailing(in.remaining());
    in.position(in.limit());
  }

  final void skipTrailing(int bytes) {
    trailing += bytes;
  }

  @Override
  public abstract void close();
}
