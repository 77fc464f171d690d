package dev.earshot.content;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * The coding {@code zstd} (RFC 8878): frames and skippable frames, one after the other. A window of
 * more than 8 MiB, which RFC 9659 section 3 rules out for HTTP, is damage. {@link ZstdLibrary} must
 * be there.
 */
final class ZstdCoding extends Coding {
  private static final int WINDOW_LOG = 23;
  private static final int MAGIC = 0xFD2FB528;
  private static final int SKIPPABLE = 0x184D2A50;
  private static final int MAGIC_BYTES = 4;

  private final ZstdDecompressCtx context = new ZstdDecompressCtx().setLongMax(WINDOW_LOG);
  private final byte[] chunk = new byte[CHUNK];
  private final ByteBuffer input = ByteBuffer.allocate(CHUNK);

  /**
   * The first bytes of a frame are looked at first: what is no frame may be no part of the data.
   */
  private final ByteBuffer magic = ByteBuffer.allocate(MAGIC_BYTES);

  private final ByteBuffer head = ByteBuffer.allocate(ZstdFrame.MOST_BYTES);
  private long window;
  private long skip;
  private boolean skippable;
  private boolean begun;
  private boolean frames;
  private boolean over;

  @Override
  void feed(ByteBuffer in, Output out) throws StopDecoding {
    while (in.hasRemaining()) {
      if (over) {
        skipTrailing(in);
      } else if (skip > 0) {
        int skipped = (int) Math.min(skip, in.remaining());
        in.position(in.position() + skipped);
        skip -= skipped;
      } else if (!begun) {
        begin(in, out);
      } else {
        int bytes = Math.min(in.remaining(), input.capacity());
        input.clear().put(0, in, in.position(), bytes).limit(bytes);
        notice(input.duplicate());
        in.position(in.position() + frame(input, out));
      }
    }
  }

  /** Looks at what comes of a frame's head. */
  private void notice(ByteBuffer bytes) {
    while (bytes.hasRemaining() && head.hasRemaining()) {
      head.put(bytes.get());
      long size = ZstdFrame.window(head);
      if (size >= 0) {
        // What is larger is refused before it is made.
        window = Math.max(window, Math.min(size, 1L << WINDOW_LOG));
        head.limit(head.position());
      }
    }
  }

  /** Reads four bytes: a frame's magic number, or the length of a frame to skip. */
  private void begin(ByteBuffer in, Output out) throws StopDecoding {
    while (in.hasRemaining() && magic.hasRemaining()) {
      magic.put(in.get());
    }
    if (magic.hasRemaining()) {
      return;
    }
    magic.flip();
    int number = Integer.reverseBytes(magic.getInt(0));
    if (skippable) {
      skip = Integer.toUnsignedLong(number);
      skippable = false;
      frames = true;
    } else if ((number & 0xFFFF_FFF0) == SKIPPABLE) {
      skippable = true;
    } else if (number == MAGIC) {
      begun = true;
      head.clear();
      frame(magic, out);
    } else if (frames) {
      over = true;
      skipTrailing(MAGIC_BYTES);
    } else {
      throw StopDecoding.damaged("not zstd data");
    }
    magic.clear();
  }

  /** Decodes up to the end of the frame. Returns how much of the input it took. */
  private int frame(ByteBuffer from, Output out) throws StopDecoding {
    ByteBuffer to = ByteBuffer.wrap(chunk);
    try {
      do {
        to.clear();
        boolean ended = context.decompressByteBufferStream(to, from);
        if (to.flip().hasRemaining()) {
          out.accept(to.asReadOnlyBuffer());
        }
        if (ended) {
          begun = false;
          frames = true;
        }
        // A full chunk may have left decoded bytes inside.
      } while (begun && (from.hasRemaining() || to.limit() == to.capacity()));
    } catch (ZstdException e) {
      throw StopDecoding.damaged("not zstd data: " + e.getMessage());
    }
    return from.position();
  }

  @Override
  boolean end() {
    boolean ended = frames && !begun && !skippable && skip == 0;
    if (ended) {
      skipTrailing(magic.position());
    }
    return ended;
  }

  @Override
  long memory() {
    return window + STATE;
  }

  @Override
  public void close() {
    context.close();
  }
}
