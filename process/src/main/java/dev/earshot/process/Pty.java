package dev.earshot.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * The terminal that a command runs on, from the other side: what it shows is read here, what is
 * typed is written here. Any thread may call. Both streams and {@link #close} are this one
 * terminal: closing any of them hangs it up.
 */
public final class Pty implements AutoCloseable {
  private static final int NONE = -1;

  private final OpenDescriptor master;
  private final byte[] slaveName;
  private final int slave;
  private volatile boolean closed; // written under this

  private Pty(OpenDescriptor master, byte[] slaveName, int slave) {
    this.master = master;
    this.slaveName = slaveName;
    this.slave = slave;
  }

  /**
   * A new one.
   *
   * @param lowest at least 3; every number is at least this
   */
  static Pty open(TerminalSize size, int lowest) throws StartException {
    // Never blocking: poll calls it writable long before a whole piece has room.
    int flags =
        Platform.OPEN_READ_WRITE
            | Platform.OPEN_NO_TERMINAL
            | Platform.OPEN_NONBLOCK
            | Platform.OPEN_CLOEXEC;
    int master = moveUp(Libc.openMaster(flags), lowest);
    int slave = NONE;
    try {
      check(Libc.unlockSlave(master));
      byte[] name =
          Libc.slaveName(master).orElseThrow(() -> new StartException(failure(Errno.ENOTTY)));
      check(Libc.setTerminalSize(master, size.columns(), size.rows()));
      slave = moveUp(openSlave(name), lowest);
      int owned = master;
      master = NONE;
      var pty = new Pty(OpenDescriptor.ownMaster(owned), name, slave);
      slave = NONE;
      return pty;
    } catch (ErrnoException e) {
      throw new StartException(failure(e.errno()));
    } finally {
      closeIfOpen(master);
      closeIfOpen(slave);
    }
  }

  private static int openSlave(byte[] name) {
    int flags = Platform.OPEN_READ_WRITE | Platform.OPEN_NO_TERMINAL | Platform.OPEN_CLOEXEC;
    return Libc.open(Platform.AT_CURRENT_DIRECTORY, name, flags);
  }

  private static int moveUp(int opened, int lowest) throws StartException {
    check(opened);
    int moved = Descriptors.moveUp(opened, lowest);
    check(moved);
    return moved;
  }

  private static void check(int answer) throws StartException {
    if (answer < 0) {
      throw new StartException(failure(-answer));
    }
  }

  private static void closeIfOpen(int descriptor) {
    if (descriptor != NONE) {
      Libc.close(descriptor);
    }
  }

  /** Why there is no terminal for the command, and what to try. */
  static StartFailure failure(int errno) {
    String hint =
        switch (errno) {
          case Errno.EMFILE, Errno.ENFILE -> "no descriptor is free: see ulimit -n";
          case Errno.ENOSPC -> "all are in use: see /proc/sys/kernel/pty/max";
          case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO, Errno.EACCES, Errno.EPERM ->
              "/dev/ptmx and /dev/pts must be there and usable; or run it without one";
          default -> "run it without one";
        };
    return StartFailure.of(StartStage.TTY, errno, "no pseudo-terminal could be opened; " + hint);
  }

  /** The file that is the command's side. */
  byte[] slaveName() {
    return slaveName.clone();
  }

  /**
   * What the command's side writes, both its outputs in one, as the terminal would get it. At the
   * end once the command's group is gone and all is read, whoever else has the terminal open; or
   * when it was closed here. A read blocks a platform thread, and holds the carrier of a virtual
   * one.
   */
  public InputStream output() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        try {
          return master.read(into, offset, length);
        } catch (IOException e) {
          // A master without its other side says EIO, and never 0 (its other side is held here,
          // as a command may close its terminal and open it again).
          if (closed || isHungUp(e)) {
            return -1;
          }
          throw e;
        }
      }

      @Override
      public void close() {
        Pty.this.close();
      }
    };
  }

  private static boolean isHungUp(IOException problem) {
    return problem instanceof ErrnoException known && known.errno() == Errno.EIO;
  }

  /**
   * What is typed, as bytes: 3 is Ctrl-C, if the command's side has not said otherwise. Unbuffered;
   * a write waits until the command's side takes it, and {@code close} by another thread ends it.
   */
  public OutputStream input() {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        master.write(from, offset, length);
      }

      @Override
      public void close() {
        Pty.this.close();
      }
    };
  }

  /** Changes the size, which the kernel tells who is in its foreground by WINCH. */
  public void resize(TerminalSize size) {
    try {
      master.use(number -> Libc.setTerminalSize(number, size.columns(), size.rows()));
    } catch (IOException alreadyClosed) {
      // Nobody is there to see another size.
    }
  }

  /** The command is gone: what was written by now can still be read. Never blocks. */
  void drain() {
    master.drain();
  }

  /** Whether {@code poll} calls the master ready for this now. */
  boolean poll(int events) throws IOException {
    return master.use(number ->
        Libc.poll(new Libc.Interest[] {new Libc.Interest(number, events)}, 0)[0] ? 1 : 0)
        == 1;
  }

  /** Hangs up: who runs on the terminal gets HUP, and no more input. Never blocks. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      master.close();
      Libc.close(slave);
    }
  }
}
