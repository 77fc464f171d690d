package dev.earshot.process;

import java.io.IOException;
import java.util.function.IntUnaryOperator;

/**
 * A descriptor that is owned here, read and written so that closing it from another thread ends a
 * waiting read or write. It never blocks but in {@code poll}. The number is closed by whoever uses
 * it last, because closing one that another thread waits on would give it away under that thread.
 */
final class OpenDescriptor implements AutoCloseable {
  /**
   * A pipe that {@code poll} calls writable takes this much at once (pipe(7), PIPE_BUF), as long as
   * nobody else writes to it.
   */
  private static final int WRITE_PIECE = 4096;

  private static final int READ_PIECE = 65536;

  private static final int WITHOUT_LIMIT = -1;

  /**
   * Between looks for room in a pseudo-terminal, in milliseconds: the kernel wakes its writer when
   * the other side has read, and not when it has only moved the bytes on, or dropped those that no
   * line has room for.
   */
  private static final int BETWEEN_LOOKS = 50;

  private final int descriptor;
  private final Wake wake;
  private final int longestWaitForRoom;
  private int users; // guarded by this
  private boolean closed; // guarded by this
  private boolean draining; // guarded by this

  /** Owns the number from now on, also if this throws. */
  static OpenDescriptor own(int descriptor) throws ErrnoException {
    return own(descriptor, WITHOUT_LIMIT);
  }

  /** The same for the master of a pseudo-terminal. */
  static OpenDescriptor ownMaster(int descriptor) throws ErrnoException {
    return own(descriptor, BETWEEN_LOOKS);
  }

  private static OpenDescriptor own(int descriptor, int longestWaitForRoom) throws ErrnoException {
    try {
      return new OpenDescriptor(descriptor, Wake.open(), longestWaitForRoom);
    } catch (ErrnoException e) {
      Libc.close(descriptor);
      throw e;
    }
  }

  private OpenDescriptor(int descriptor, Wake wake, int longestWaitForRoom) {
    this.descriptor = descriptor;
    this.wake = wake;
    this.longestWaitForRoom = longestWaitForRoom;
  }

  /** Bytes read, or -1 at the end; blocks until there is one of them. */
  int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    enter();
    try {
      while (true) {
        if (!awaitReady(Platform.POLL_IN)) {
          return -1;
        }
        int count = Libc.read(descriptor, into, offset, Math.min(length, READ_PIECE));
        if (count >= 0) {
          return count == 0 ? -1 : count;
        }
        if (count != -Errno.EAGAIN && count != -Errno.EINTR) {
          throw new ErrnoException("cannot read", -count);
        }
      }
    } finally {
      leave();
    }
  }

  /** Returns once all is written; what was written before an exception is not told. */
  void write(byte[] from, int offset, int length) throws IOException {
    enter();
    try {
      int done = 0;
      while (done < length) {
        if (!awaitReady(Platform.POLL_OUT)) {
          throw new IOException("closed");
        }
        int piece = Math.min(length - done, WRITE_PIECE);
        int count = Libc.write(descriptor, from, offset + done, piece);
        if (count >= 0) {
          done += count;
        } else if (count == -Errno.EPIPE) {
          throw new ErrnoException("cannot write: the reader has gone", Errno.EPIPE);
        } else if (count != -Errno.EAGAIN && count != -Errno.EINTR) {
          throw new ErrnoException("cannot write", -count);
        }
      }
    } finally {
      leave();
    }
  }

  /**
   * Waits until nobody holds the other end, read or not.
   *
   * @return false if somebody still does when the time is over
   */
  boolean awaitHangUp(long deadline) throws IOException {
    enter();
    try {
      Libc.Interest[] interests = {new Libc.Interest(descriptor, 0), wake.interest()};
      while (true) {
        long millis = Math.ceilDiv(deadline - System.nanoTime(), 1_000_000);
        boolean gone = Libc.poll(interests, Math.clamp(millis, 0, Integer.MAX_VALUE))[0];
        if (gone || millis <= 0) {
          return gone;
        }
        refuseIfClosed();
      }
    } finally {
      leave();
    }
  }

  /** False if it is not, and nothing is waited for any more. */
  private boolean awaitReady(int events) throws IOException {
    Libc.Interest[] interests = {new Libc.Interest(descriptor, events), wake.interest()};
    int longest = events == Platform.POLL_OUT ? longestWaitForRoom : WITHOUT_LIMIT;
    boolean ready = false;
    while (!ready) {
      ready = Libc.poll(interests, longest)[0];
      synchronized (this) {
        refuseIfClosed();
        if (draining && !ready) {
          // What came between that look and the wish to drain is there now.
          return Libc.poll(interests, 0)[0];
        }
      }
    }
    return true;
  }

  private synchronized void refuseIfClosed() throws IOException {
    if (closed) {
      throw new IOException("closed");
    }
  }

  /** From now on a read that finds nothing is at the end, and a write that finds no room fails. */
  synchronized void drain() {
    if (!closed) {
      draining = true;
      wake.wake();
    }
  }

  /** What the call answers to the descriptor, which stays open meanwhile. It must not wait. */
  int use(IntUnaryOperator call) throws IOException {
    enter();
    try {
      return call.applyAsInt(descriptor);
    } finally {
      leave();
    }
  }

  private synchronized void enter() throws IOException {
    refuseIfClosed();
    users++;
  }

  private synchronized void leave() {
    users--;
    release();
  }

  /** Never blocks; again changes nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      wake.wake();
      release();
    }
  }

  private void release() {
    if (closed && users == 0) {
      Libc.close(descriptor);
      wake.close();
    }
  }
}
