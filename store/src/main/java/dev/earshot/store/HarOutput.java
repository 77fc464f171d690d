package dev.earshot.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Bytes on their way to a place in a file, in pieces as large as possible. Once a write has failed,
 * all that follow do.
 */
final class HarOutput extends OutputStream {
  private static final int PIECE = 256 * 1024;

  private final FileChannel file;
  private final ByteBuffer piece = ByteBuffer.allocate(PIECE);

  /** Where in the file the piece begins. */
  private long written;

  private boolean failed;
  private volatile boolean abandoned;

  HarOutput(FileChannel file) {
    this.file = file;
  }

  /** The next byte goes there. Nothing may be pending. */
  void seek(long position) {
    written = position;
  }

  /** Where in the file the next byte goes. */
  long position() {
    return written + piece.position();
  }

  /** How far the file was written. */
  long written() {
    return written;
  }

  /** Whether it cannot be written any more, or need not. */
  boolean isOver() {
    return failed || abandoned;
  }

  /** From now on all writes fail. Any thread may call this. */
  void abandon() {
    abandoned = true;
  }

  boolean isAbandoned() {
    return abandoned;
  }

  @Override
  public void write(int oneByte) throws IOException {
    if (!piece.hasRemaining()) {
      drain();
    }
    piece.put((byte) oneByte);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (!piece.hasRemaining()) {
        drain();
      }
      int some = Math.min(length - done, piece.remaining());
      piece.put(bytes, offset + done, some);
      done += some;
    }
  }

  /** Writes all that is pending. */
  void drain() throws IOException {
    if (isOver()) {
      throw new IOException("given up");
    }
    piece.flip();
    try {
      while (piece.hasRemaining()) {
        written += file.write(piece, written);
      }
    } catch (IOException e) {
      failed = true;
      throw e;
    } finally {
      piece.clear();
    }
  }

  /** Takes back all from a position on, in the file, too. */
  void takeBack(long position) throws IOException {
    if (position >= written) {
      piece.position((int) (position - written));
    } else {
      piece.clear();
      file.truncate(position);
      written = position;
    }
  }

  /** Forgets what is pending. */
  void discard() {
    piece.clear();
  }
}
