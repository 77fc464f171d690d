package dev.earshot.content;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** One DEFLATE stream (RFC 1951), with or without the wrapping of zlib (RFC 1950). */
final class Inflation implements AutoCloseable {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Inflater inflater;
  private final byte[] chunk = new byte[Coding.CHUNK];

  private Inflation(boolean raw) {
    inflater = new Inflater(raw);
  }

  static Inflation raw() {
    return new Inflation(true);
  }

  static Inflation zlib() {
    return new Inflation(false);
  }

  /** Inflates the input up to the stream's end; what follows the end is left in it. */
  void feed(ByteBuffer in, Coding.Output out) throws StopDecoding {
    inflater.setInput(in);
    long before = inflater.getBytesWritten();
    try {
      while (!inflater.finished()) {
        before = inflater.getBytesWritten();
        int bytes = inflater.inflate(chunk);
        if (bytes > 0) {
          give(bytes, out);
        } else if (inflater.needsDictionary()) {
          throw StopDecoding.damaged("deflated with a dictionary");
        } else if (!inflater.finished()) {
          return;
        }
      }
    } catch (DataFormatException e) {
      // What came out before the damage.
      give((int) (inflater.getBytesWritten() - before), out);
      throw StopDecoding.damaged("not deflated data: " + e.getMessage());
    } finally {
      // The input is the caller's again.
      inflater.setInput(NOTHING);
    }
  }

  private void give(int bytes, Coding.Output out) throws StopDecoding {
    if (bytes > 0) {
      out.accept(ByteBuffer.wrap(chunk, 0, bytes).asReadOnlyBuffer());
    }
  }

  /** Whether the last block was inflated. */
  boolean finished() {
    return inflater.finished();
  }

  /** Begins another stream. */
  void reset() {
    inflater.reset();
  }

  @Override
  public void close() {
    inflater.end();
  }
}
