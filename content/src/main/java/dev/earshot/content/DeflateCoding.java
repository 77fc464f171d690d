package dev.earshot.content;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The coding {@code deflate} (RFC 9110 section 8.4.1.2): the zlib format, and also, as browsers
 * accept it, raw DEFLATE. The first two bytes tell them apart (RFC 1950 section 2.2).
 */
final class DeflateCoding extends Coding {
  private static final int NONE = -1;

  private @Nullable Inflation inflation;
  private int first = NONE;

  @Override
  void feed(ByteBuffer in, Output out) throws StopDecoding {
    if (inflation == null && in.hasRemaining()) {
      begin(in, out);
    }
    if (inflation != null) {
      if (!inflation.finished()) {
        inflation.feed(in, out);
      }
      skipTrailing(in);
    }
  }

  private void begin(ByteBuffer in, Output out) throws StopDecoding {
    if (first == NONE) {
      first = in.get() & 0xFF;
    }
    if (!in.hasRemaining()) {
      return;
    }
    int second = in.get(in.position()) & 0xFF;
    boolean wrapped = (first & 0x0F) == 8 && first >> 4 <= 7 && (first << 8 | second) % 31 == 0;
    Inflation begun = wrapped ? Inflation.zlib() : Inflation.raw();
    inflation = begun;
    begun.feed(ByteBuffer.wrap(new byte[] {(byte) first}), out);
  }

  @Override
  boolean end() {
    return inflation != null && inflation.finished();
  }

  @Override
  long memory() {
    return STATE;
  }

  @Override
  public void close() {
    if (inflation != null) {
      inflation.close();
    }
  }
}
