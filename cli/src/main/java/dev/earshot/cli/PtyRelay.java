package dev.earshot.cli;

import dev.earshot.process.Descriptors;
import dev.earshot.process.OwnSignals;
import dev.earshot.process.OwnTerminal;
import dev.earshot.process.Pty;
import dev.earshot.process.TerminalSize;
import dev.earshot.session.PtyUser;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes between Earshot's own streams and the command's pseudo-terminal, for one run: one
 * thread each way. A terminal that is Earshot's stdin is raw meanwhile, so that every key is the
 * command's; it is put back on every way out.
 */
final class PtyRelay implements PtyUser, AutoCloseable {
  private static final int STDIN = 0;
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  /** How long nobody may take any of the output after the command's end. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** As much as a terminal gives at once; progress is counted in these. */
  private static final int PIECE = 4096;

  /** Ctrl-D, the end of the input to a terminal whose line is empty. */
  private static final byte END = 4;

  private final InputStream in;
  private final OutputStream out;
  private final Optional<OwnTerminal> keyboard;
  private final Optional<OwnTerminal> screen;
  private final Thread onShutdown = new Thread(this::leaveTerminal, "earshot-pty-shutdown");
  private volatile @Nullable Pty pty;
  private volatile @Nullable Thread output;
  private volatile @Nullable String problem;
  private volatile boolean hadKeyboard;
  private volatile boolean givenUp;
  private volatile boolean left;
  private volatile boolean ended;
  private final AtomicLong pieces = new AtomicLong();

  private PtyRelay(
      InputStream in,
      OutputStream out,
      Optional<OwnTerminal> keyboard,
      Optional<OwnTerminal> screen) {
    this.in = in;
    this.out = out;
    this.keyboard = keyboard;
    this.screen = screen;
  }

  /** Has duplicates of the streams it needs, so that their numbers may be given away. */
  static PtyRelay open(RunOptions options, Launch launch) throws UserError {
    boolean eventsOnStdout =
        options.events().filter(new EventTarget.Descriptor(STDOUT)::equals).isPresent();
    int outNumber = eventsOnStdout ? STDERR : STDOUT;
    try {
      OutputStream out =
          launch.closed().contains(outNumber)
              ? OutputStream.nullOutputStream()
              : Descriptors.output(outNumber);
      Optional<OwnTerminal> keyboard = OwnTerminal.of(STDIN);
      var relay = new PtyRelay(input(launch, keyboard), out, keyboard, screen());
      Runtime.getRuntime().addShutdownHook(relay.onShutdown);
      return relay;
    } catch (IOException e) {
      throw UserError.usage("--pty: " + e.getMessage());
    }
  }

  private static InputStream input(Launch launch, Optional<OwnTerminal> keyboard)
      throws IOException {
    if (keyboard.isPresent()) {
      return keyboard.get().keys();
    }
    return launch.closed().contains(STDIN)
        ? InputStream.nullInputStream()
        : Descriptors.input(STDIN);
  }

  /** That of Earshot's own terminal, or the usual one. */
  static TerminalSize size() {
    Optional<OwnTerminal> screen = screen();
    try {
      return size(screen);
    } finally {
      screen.ifPresent(OwnTerminal::close);
    }
  }

  private static TerminalSize size(Optional<OwnTerminal> screen) {
    return screen.map(OwnTerminal::size).orElse(TerminalSize.STANDARD);
  }

  private static Optional<OwnTerminal> screen() {
    return OwnTerminal.of(STDOUT).or(() -> OwnTerminal.of(STDIN)).or(() -> OwnTerminal.of(STDERR));
  }

  @Override
  public void begin(Pty begun) {
    pty = begun;
    takeTerminal();
    output = thread("output", () -> passOutput(begun));
    thread("input", () -> passInput(begun));
  }

  private static Thread thread(String name, Runnable work) {
    // A daemon, as a write to a terminal that was stopped (Ctrl-S) cannot be ended.
    return Thread.ofPlatform().daemon().name("earshot-pty-" + name).start(work);
  }

  private void passOutput(Pty from) {
    byte[] piece = new byte[PIECE];
    try {
      InputStream shown = from.output();
      for (int count = shown.read(piece); count >= 0; count = shown.read(piece)) {
        out.write(piece, 0, count);
        pieces.incrementAndGet();
      }
    } catch (IOException e) {
      if (!givenUp) {
        problem =
            "the command's output could not be passed on, so it was hung up: " + e.getMessage();
      }
      from.close();
    }
  }

  private void passInput(Pty to) {
    byte[] piece = new byte[PIECE];
    byte last = '\n';
    OutputStream typed = to.input();
    try {
      for (int count = read(piece); count >= 0; count = read(piece)) {
        typed.write(piece, 0, count);
        last = count > 0 ? piece[count - 1] : last;
      }
      typed.write(endAfter(last));
    } catch (IOException nobodyReads) {
      // The command's side is gone.
    }
  }

  /** What cannot be read any more is at its end. */
  private int read(byte[] piece) {
    try {
      return in.read(piece);
    } catch (IOException e) {
      return -1;
    }
  }

  /**
   * What a terminal takes for the end of the input: the key once in an empty line, twice in one
   * that has begun, which the first of them only sends off (termios(3), VEOF).
   */
  static byte[] endAfter(byte last) {
    boolean lineIsEmpty = last == '\n' || last == '\r' || last == END;
    return lineIsEmpty ? new byte[] {END} : new byte[] {END, END};
  }

  @Override
  public void end() throws InterruptedException {
    Thread pump = output;
    if (pump != null) {
      long before;
      do {
        before = pieces.get();
      } while (!pump.join(PATIENCE) && pieces.get() != before);
      if (pump.isAlive()) {
        givenUp = true;
        problem =
            "the command's last output was not taken for %d s, and is lost"
                .formatted(PATIENCE.toSeconds());
      }
    }
    commandEnded();
    close();
  }

  /** The keys are Earshot's again: Ctrl-C then skips the rest of the grace of what is left. */
  void commandEnded() {
    ended = true;
    hadKeyboard |= keyboard.filter(OwnTerminal::isRaw).isPresent();
    keyboard.ifPresent(OwnTerminal::restore);
  }

  /** Does not wait for a reader of the output any more. Never blocks. */
  void giveUp() {
    if (pty != null) {
      givenUp = true;
      closeQuietly(out);
    }
  }

  /** What went wrong with the output, for the user. */
  Optional<String> problem() {
    return Optional.ofNullable(problem);
  }

  /** Whether, at the end, keys such as Ctrl-C went to the command. */
  boolean hadKeyboard() {
    return hadKeyboard;
  }

  /** Tells the command how big Earshot's terminal is now. */
  void resize() {
    Pty known = pty;
    if (known != null) {
      known.resize(size(screen));
    }
  }

  /** At the start, and whenever Earshot was continued. */
  void takeTerminal() {
    left = false;
    if (!ended) {
      keyboard.ifPresent(OwnTerminal::raw);
    }
    resize();
  }

  /** Puts the terminal back as it was, for a shell to take. */
  void leaveTerminal() {
    left = true;
    keyboard.ifPresent(OwnTerminal::restore);
  }

  /** Once the command is stopped, Earshot stops, unless it was continued before that. */
  void stopWithTheCommand() {
    if (left) {
      OwnSignals.stopProcess();
    }
  }

  /** Puts the terminal back and closes Earshot's ends; again changes nothing. */
  @Override
  public void close() {
    keyboard.ifPresent(OwnTerminal::close);
    screen.ifPresent(OwnTerminal::close);
    closeQuietly(in);
    closeQuietly(out);
    try {
      Runtime.getRuntime().removeShutdownHook(onShutdown);
    } catch (IllegalStateException shutsDown) {
      // It has done, or does, the same.
    }
  }

  private static void closeQuietly(Closeable stream) {
    try {
      stream.close();
    } catch (IOException e) {
      // Nothing is buffered.
    }
  }
}
