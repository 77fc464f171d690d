package dev.earshot.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.posix.Errno;
import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;

/** Descriptors of this process by number. */
public final class Descriptors {
  private static final Posix POSIX = Posix.SYSTEM;
  private static final byte[] NULL_DEVICE = "/dev/null".getBytes(ISO_8859_1);

  private Descriptors() {}

  /** Whether the descriptor is open. */
  public static boolean isOpen(int descriptor) {
    return POSIX.isOpen(descriptor);
  }

  /** Whether the descriptor is a terminal. */
  public static boolean isTerminal(int descriptor) {
    return POSIX.isTerminal(descriptor);
  }

  /**
   * Makes the descriptor mean /dev/null, so that the other end of what it was sees it closed. One
   * that is closed stays so.
   */
  public static void replaceByNull(int descriptor) {
    if (POSIX.isOpen(descriptor)
        && POSIX.openForUpdate(NULL_DEVICE) instanceof Outcome.Ok(int nothing)) {
      POSIX.duplicateTo(nothing, descriptor);
      POSIX.close(nothing);
    }
  }

  /** Closes the descriptor. */
  public static void close(int descriptor) {
    POSIX.close(descriptor);
  }

  /**
   * Writes to a descriptor, which stays open. A write waits for its reader, but for at most 50 ms
   * at a time: closing the stream from another thread ends the waiting. Not thread-safe otherwise.
   */
  public static OutputStream output(int descriptor) {
    return new Output(descriptor);
  }

  private static final class Output extends OutputStream {
    /** A pipe that is writable takes this much without blocking (pipe(7), PIPE_BUF). */
    private static final int PIECE = 4096;

    private static final Duration LOOK = Duration.ofMillis(50);

    private final int descriptor;
    private volatile boolean closed;

    Output(int descriptor) {
      this.descriptor = descriptor;
    }

    @Override
    public void write(int single) throws IOException {
      write(new byte[] {(byte) single}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      Objects.checkFromIndexSize(offset, count, bytes.length);
      int end = offset + count;
      int at = offset;
      while (at < end) {
        awaitRoom();
        at += writePiece(bytes, at, Math.min(PIECE, end - at));
      }
    }

    private void awaitRoom() throws IOException {
      while (!POSIX.awaitWritable(descriptor, LOOK)) {
        if (closed) {
          throw new IOException("closed while its reader was slow");
        }
      }
      if (closed) {
        throw new IOException("closed");
      }
    }

    private int writePiece(byte[] bytes, int offset, int count) throws IOException {
      return switch (POSIX.write(descriptor, bytes, offset, count)) {
        case Outcome.Ok(int written) -> written;
        case Outcome.Failed(int errno) -> {
          if (errno == Errno.EINTR.number() || errno == Errno.EAGAIN.number()) {
            yield 0;
          }
          throw new IOException(
              errno == Errno.EPIPE.number()
                  ? "its reader is gone"
                  : "cannot write to descriptor " + descriptor + ": " + Errno.name(errno));
        }
      };
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
