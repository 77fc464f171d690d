package dev.earshot.content;

import dev.earshot.exchange.Header;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;

/**
 * A body that was kept, read without its content coding. It ends early where the decoding does;
 * {@link #end} tells. Holds what was decoded of one read of 8 KiB beside what the decoder does. Not
 * thread-safe.
 */
public final class DecodedStream extends InputStream {
  private static final int READ = 8 << 10;

  private final InputStream wire;
  private final ContentDecoder decoder;
  private final ArrayDeque<byte[]> ready = new ArrayDeque<>();
  private int taken; // of the first that is ready
  private boolean ended;

  /**
   * A stream over the body under these headers, of which only {@code Content-Encoding} counts.
   *
   * @param wire the body as it was on the wire; closed with this stream
   */
  public DecodedStream(List<Header> headers, InputStream wire, DecodeLimits limits) {
    this.wire = wire;
    this.decoder =
        ContentDecoder.of(
            headers, limits, new DecodeMemory(DecodeMemory.DEFAULT_BYTES), this::decoded);
  }

  private void decoded(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    ready.add(copy);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, into.length);
    if (length == 0) {
      return 0;
    }
    while (ready.isEmpty() && !ended) {
      fill();
    }
    byte[] first = ready.peek();
    if (first == null) {
      return -1;
    }
    int count = Math.min(length, first.length - taken);
    System.arraycopy(first, taken, into, offset, count);
    taken += count;
    if (taken == first.length) {
      ready.remove();
      taken = 0;
    }
    return count;
  }

  private void fill() throws IOException {
    byte[] bytes = wire.readNBytes(READ);
    if (bytes.length == 0) {
      ended = true;
    } else {
      decoder.feed(ByteBuffer.wrap(bytes));
    }
  }

  /** What became of the decoding; to be asked once the stream has ended. */
  public Decoded end() {
    return decoder.end();
  }

  /** Closes the body, too. */
  @Override
  public void close() throws IOException {
    decoder.close();
    wire.close();
  }
}
