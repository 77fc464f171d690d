package dev.earshot.process;

/** Ends a {@code poll} from another thread. Safe for any thread, also after {@link #close}. */
final class Wake implements AutoCloseable {
  private static final byte[] ONE = {1, 0, 0, 0, 0, 0, 0, 0};

  private final int descriptor;
  private boolean closed; // guarded by this

  private Wake(int descriptor, boolean closed) {
    this.descriptor = descriptor;
    this.closed = closed;
  }

  /** One that wakes nobody: {@code poll} passes over a negative number. */
  static Wake none() {
    return new Wake(-1, true);
  }

  static Wake open() throws ErrnoException {
    int descriptor = Libc.eventDescriptor();
    if (descriptor < 0) {
      throw new ErrnoException("cannot open an event descriptor", -descriptor);
    }
    return new Wake(descriptor, false);
  }

  Libc.Interest interest() {
    return new Libc.Interest(descriptor, Platform.POLL_IN);
  }

  /** The write cannot block: the descriptor is not a blocking one. */
  synchronized void wake() {
    if (!closed) {
      Libc.write(descriptor, ONE, 0, ONE.length);
    }
  }

  /** Forgets the wake-ups so far. */
  synchronized void reset() {
    if (!closed) {
      Libc.read(descriptor, new byte[ONE.length], 0, ONE.length);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(descriptor);
    }
  }
}
