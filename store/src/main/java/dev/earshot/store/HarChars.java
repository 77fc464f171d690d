package dev.earshot.store;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.util.function.Consumer;

/**
 * Decodes bytes that come in pieces, strictly: what is no text in the charset stops it for good.
 */
final class HarChars implements Consumer<ByteBuffer> {
  /** Takes pieces of text; a surrogate pair is never divided. */
  @FunctionalInterface
  interface Sink {
    /** The array is another's when this returns. */
    void accept(char[] chars, int length);
  }

  private static final int PIECE = 8 * 1024;

  /** Longer than the longest character in any charset. */
  private static final int REST = 64;

  private final CharsetDecoder decoder;
  private final Sink sink;
  private final CharBuffer out = CharBuffer.allocate(PIECE);

  /** The begin of a character whose other bytes are still to come. */
  private final ByteBuffer rest = ByteBuffer.allocate(REST);

  private long count;
  private boolean failed;

  HarChars(Charset charset, Sink sink) {
    this.decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    this.sink = sink;
  }

  @Override
  public void accept(ByteBuffer bytes) {
    while (rest.position() > 0 && bytes.hasRemaining() && !failed) {
      rest.put(bytes.get());
      rest.flip();
      decode(rest, false);
      rest.compact();
    }
    decode(bytes, false);
    if (!failed && bytes.hasRemaining()) {
      if (bytes.remaining() > rest.remaining()) {
        failed = true;
      } else {
        rest.put(bytes);
      }
    }
    bytes.position(bytes.limit());
  }

  private void decode(ByteBuffer bytes, boolean last) {
    while (!failed) {
      CoderResult result = decoder.decode(bytes, out, last);
      give();
      if (result.isUnderflow()) {
        return;
      }
      failed = result.isError();
    }
  }

  private void give() {
    if (out.position() > 0) {
      count += out.position();
      sink.accept(out.array(), out.position());
      out.clear();
    }
  }

  /**
   * Says whether all was text.
   *
   * @param whole whether the bytes were all there are; else the last character may be cut, and is
   *     left out
   */
  boolean end(boolean whole) {
    if (whole && !failed) {
      rest.flip();
      decode(rest, true);
      failed |= rest.hasRemaining();
      if (!failed) {
        decoder.flush(out);
        give();
      }
    }
    return !failed;
  }

  /** Chars so far. */
  long count() {
    return count;
  }

  Sink sink() {
    return sink;
  }
}
