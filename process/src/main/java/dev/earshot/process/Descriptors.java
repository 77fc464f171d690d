package dev.earshot.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * This process's descriptors by their numbers. Any thread may call; whoever closes or replaces a
 * number must know that nobody else uses it.
 */
public final class Descriptors {
  private static final int FIRST_AFTER_STANDARD = 3;
  private static final byte[] DEV_NULL = "/dev/null".getBytes(StandardCharsets.US_ASCII);

  private Descriptors() {}

  /**
   * A stream to a duplicate of the descriptor. A write waits as long as the reader takes nothing,
   * but holds nothing that the rest of the program needs, and {@code close} by another thread ends
   * it. It is unbuffered. A write blocks a platform thread, and holds the carrier of a virtual one.
   *
   * <p>Another process that writes to the same pipe at the same time may take the room that was
   * seen, and a terminal may be stopped (Ctrl-S) in the middle of a piece; the write then waits in
   * the kernel, where {@code close} does not reach it.
   *
   * @throws IOException if the descriptor is not open; a write throws one once the reader has gone
   */
  public static OutputStream output(int descriptor) throws IOException {
    return outputTo(OpenDescriptor.own(duplicate(descriptor)));
  }

  /**
   * A stream from a duplicate of the descriptor, with the same promises as {@link #output}.
   *
   * @throws IOException if the descriptor is not open
   */
  public static InputStream input(int descriptor) throws IOException {
    return inputFrom(OpenDescriptor.own(duplicate(descriptor)));
  }

  /** Whether the number is in use. */
  public static boolean isOpen(int descriptor) {
    return Libc.isOpen(descriptor);
  }

  /** Whether it is open and a terminal (isatty(3)). */
  public static boolean isTerminal(int descriptor) {
    return Libc.isTerminal(descriptor);
  }

  /**
   * Makes the number {@code /dev/null}, in one step, so that what it was is closed here and the
   * number is not used for something else.
   *
   * @throws IOException if {@code /dev/null} cannot be opened
   */
  public static void replaceByNull(int descriptor) throws IOException {
    int nothing = openNull();
    int answer = Libc.dup2(nothing, descriptor);
    if (nothing != descriptor) {
      Libc.close(nothing);
    }
    if (answer < 0) {
      throw new ErrnoException("cannot replace descriptor " + descriptor, -answer);
    }
  }

  /** Closes the number; one that is not open is left so. */
  public static void close(int descriptor) {
    Libc.close(descriptor);
  }

  /** The null device, closed on exec. */
  static int openNull() throws ErrnoException {
    int flags = Platform.OPEN_READ_WRITE | Platform.OPEN_CLOEXEC;
    int nothing = Libc.open(Platform.AT_CURRENT_DIRECTORY, DEV_NULL, flags);
    if (nothing < 0) {
      throw new ErrnoException("cannot open /dev/null", -nothing);
    }
    return nothing;
  }

  /** The descriptor under a number of at least {@code lowest}, or the negative error number. */
  static int moveUp(int descriptor, int lowest) {
    if (descriptor >= lowest) {
      return descriptor;
    }
    int moved = Libc.duplicate(descriptor, lowest);
    Libc.close(descriptor);
    return moved;
  }

  private static int duplicate(int descriptor) throws IOException {
    int duplicate = Libc.duplicate(descriptor, FIRST_AFTER_STANDARD);
    if (duplicate < 0) {
      String open = duplicate == -Errno.EBADF ? ", which is not open" : "";
      throw new ErrnoException("cannot use descriptor " + descriptor + open, -duplicate);
    }
    return duplicate;
  }

  static OutputStream outputTo(OpenDescriptor target) {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        target.write(new byte[] {(byte) one}, 0, 1);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        target.write(from, offset, length);
      }

      @Override
      public void close() {
        target.close();
      }
    };
  }

  static InputStream inputFrom(OpenDescriptor source) {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return source.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        return source.read(into, offset, length);
      }

      @Override
      public void close() {
        source.close();
      }
    };
  }
}
