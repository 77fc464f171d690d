package dev.earshot.process;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * This program's own terminal, which it can make pass on every key as it is. Whatever it changes it
 * puts back, at the latest when it is closed. Thread-safe.
 */
public final class OwnTerminal implements AutoCloseable {
  private static final int STANDARD_OUTPUT = 1;
  private static final int FIRST_AFTER_STANDARD = 3;

  /** Between looks for the foreground, which nothing tells: a shell's fg may send no signal. */
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(250);

  private final OpenDescriptor descriptor;
  private final long ours = Libc.groupOf(0);
  private final boolean outputIsTerminal = Libc.isTerminal(STANDARD_OUTPUT);
  private byte @Nullable [] former; // the settings to put back; guarded by this
  private boolean isWanted; // guarded by this
  private boolean wasInForeground; // when it was last tried; guarded by this
  private boolean isRaw; // guarded by this
  private boolean closed; // guarded by this

  private OwnTerminal(OpenDescriptor descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * The terminal that the descriptor is; empty if it is none. The number itself, and that of the
   * standard output, may be closed or replaced afterwards.
   */
  public static Optional<OwnTerminal> of(int descriptor) {
    if (!Libc.isTerminal(descriptor)) {
      return Optional.empty();
    }
    int duplicate = Libc.duplicate(descriptor, FIRST_AFTER_STANDARD);
    if (duplicate < 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(new OwnTerminal(OpenDescriptor.own(duplicate)));
    } catch (ErrnoException e) {
      return Optional.empty();
    }
  }

  /** How big it is now; 80 by 24 if it does not tell. */
  public TerminalSize size() {
    var size = new TerminalSize[] {TerminalSize.STANDARD};
    use(number -> {
      size[0] = TerminalSize.of(number);
      return 0;
    });
    return size[0];
  }

  /**
   * Makes every byte go through as it is, both ways, Ctrl-C too; where that cannot be yet, a reader
   * of {@link #keys} does it once it can. Again does the same: a shell that had the terminal
   * meanwhile may have changed it.
   *
   * <p>Only where a command could get the terminal: this process is in its foreground, and no other
   * of its pipeline reads it, such as a pager.
   *
   * @return whether that is so now
   */
  public synchronized boolean raw() {
    isWanted = !closed;
    wasInForeground = isInForeground();
    isRaw = isWanted && use(this::makeRaw) == 0;
    notifyAll();
    return isRaw;
  }

  /** Whether it is raw, as far as is known here. */
  public synchronized boolean isRaw() {
    return isRaw;
  }

  private synchronized int makeRaw(int number) {
    if (!Terminal.isForUs(number, ours, outputIsTerminal)) {
      return -Errno.EPERM;
    }
    Optional<byte[]> now = Libc.terminalSettings(number);
    if (now.isEmpty()) {
      return -Errno.ENOTTY;
    }
    if (former == null) {
      former = now.get();
    }
    return change(number, TerminalModes.raw(now.get()));
  }

  /**
   * Puts back the settings from before {@link #raw}, as long as this process is in the foreground:
   * otherwise the shell has done that, and they are another's now. Again changes nothing.
   */
  public synchronized void restore() {
    byte[] settings = former;
    if (settings != null) {
      use(number -> Libc.foregroundGroup(number) == ours ? change(number, settings) : -Errno.EPERM);
    }
    isWanted = false;
    isRaw = false;
    former = null;
  }

  /** From the background, which it may have got to just now, that would stop this process. */
  private static int change(int number, byte[] settings) {
    Libc.maskThread(Platform.MASK_BLOCK, Signal.TTOU.number());
    try {
      return Libc.setTerminalSettings(number, settings);
    } finally {
      Libc.maskThread(Platform.MASK_UNBLOCK, Signal.TTOU.number());
    }
  }

  /**
   * The settings to leave it with, as {@code stty} takes them: those from before {@link #raw} while
   * that is on, otherwise the present ones. Empty if it cannot be asked any more.
   */
  public synchronized Optional<String> settings() {
    byte[] known = former;
    if (known != null) {
      return Optional.of(TerminalModes.text(known));
    }
    var text = new String[] {""};
    use(number -> {
      Libc.terminalSettings(number).ifPresent(now -> text[0] = TerminalModes.text(now));
      return 0;
    });
    return Optional.of(text[0]).filter(settings -> !settings.isEmpty());
  }

  /**
   * What is typed. A read waits while the terminal is not {@link #raw}, for then the keys are for
   * someone else, and goes on when this process has come to its foreground. At the end when the
   * terminal is gone or was closed here. A read blocks a platform thread, in which it leaves TTIN
   * blocked, and holds the carrier of a virtual one.
   */
  public InputStream keys() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        return readKeys(into, offset, length);
      }
    };
  }

  private int readKeys(byte[] into, int offset, int length) throws IOException {
    // A read from the background then fails, and does not stop this process.
    Libc.maskThread(Platform.MASK_BLOCK, Signal.TTIN.number());
    while (awaitRaw()) {
      try {
        return descriptor.read(into, offset, length);
      } catch (ErrnoException e) {
        if (e.errno() != Errno.EIO || isInForeground()) {
          throw e;
        }
        lostForeground();
      } catch (IOException e) {
        if (isClosed()) {
          return -1;
        }
        throw e;
      }
    }
    return -1;
  }

  /** False if it was closed. */
  private synchronized boolean awaitRaw() throws IOException {
    try {
      while (!isRaw && !closed) {
        wait(isWanted ? BETWEEN_LOOKS.toMillis() : 0);
        if (isWanted && !isRaw && !wasInForeground && isInForeground()) {
          raw();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return !closed;
  }

  private boolean isInForeground() {
    return use(number -> Libc.foregroundGroup(number) == ours ? 0 : -Errno.EPERM) == 0;
  }

  private synchronized void lostForeground() {
    isRaw = false;
    wasInForeground = false;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private int use(IntUnaryOperator call) {
    try {
      return descriptor.use(call);
    } catch (IOException alreadyClosed) {
      return -Errno.EBADF;
    }
  }

  /** Puts the settings back, and ends {@link #keys}. Again changes nothing. */
  @Override
  public synchronized void close() {
    restore();
    closed = true;
    descriptor.close();
    notifyAll();
  }
}
