package dev.earshot.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** This program's own terminal. */
class OwnTerminalTest {
  private static final Pattern KEPT = Pattern.compile("kept=([0-9a-f:]+)\r\n");
  private static final Pattern NOW = Pattern.compile("now=([0-9a-f:]+)\r\n");
  private static final Pattern END = Pattern.compile("end=([0-9a-f:]+)\r");

  /** A terminal that this process has open, and that is not its controlling one. */
  private record Foreign(Pty pty, OwnTerminal terminal) implements AutoCloseable {
    static Foreign open() throws Exception {
      var pty = Pty.open(PtyRun.SIZE, 3);
      int slave = Foreign.slaveOf(pty);
      try {
        return new Foreign(pty, OwnTerminal.of(slave).orElseThrow());
      } finally {
        Libc.close(slave);
      }
    }

    private static int slaveOf(Pty pty) {
      int flags = Platform.OPEN_READ_WRITE | Platform.OPEN_NO_TERMINAL | Platform.OPEN_CLOEXEC;
      return Libc.open(Platform.AT_CURRENT_DIRECTORY, pty.slaveName(), flags);
    }

    String name() {
      return new String(pty.slaveName(), US_ASCII);
    }

    @Override
    public void close() {
      terminal.close();
      pty.close();
    }
  }

  @Test
  void whatIsNoTerminalIsNone() {
    assertThat(OwnTerminal.of(10_000)).isEmpty();
  }

  @Test
  void itsSettingsAreWrittenAsSttyWritesThem() throws Exception {
    try (var there = Foreign.open()) {
      String name = there.name();
      assertThat(there.terminal().settings()).contains(stty("-g", "-F", name));
      stty("-F", name, "raw", "-echo", "intr", "^X", "eof", "undef", "1200", "min", "7");
      assertThat(there.terminal().settings()).contains(stty("-g", "-F", name));
    }
  }

  @Test
  void rawIsWhatTheLibraryCallsRaw() throws Exception {
    try (var there = Foreign.open();
        Arena arena = Arena.ofConfined()) {
      int slave = Foreign.slaveOf(there.pty());
      byte[] settings = Libc.terminalSettings(slave).orElseThrow();
      Libc.close(slave);
      Arrays.fill(settings, 0, 16, (byte) -1);
      MemorySegment theirs = arena.allocate(settings.length, 8);
      MemorySegment.copy(MemorySegment.ofArray(settings), 0, theirs, 0, settings.length);
      Libc.call(Libc.find("cfmakeraw"), theirs.address(), 0, 0, 0, 0, 0);
      assertThat(TerminalModes.raw(settings)).isEqualTo(theirs.toArray(JAVA_BYTE));
    }
  }

  @Test
  void aTerminalThatIsNotOursIsLeftAlone() throws Exception {
    try (var there = Foreign.open()) {
      OwnTerminal terminal = there.terminal();
      var before = terminal.settings();
      assertThat(terminal.size()).isEqualTo(PtyRun.SIZE);
      assertThat(terminal.raw()).isFalse();
      assertThat(terminal.settings()).isEqualTo(before);
      terminal.close();
      assertThat(terminal.raw()).isFalse();
      assertThat(terminal.settings()).isEmpty();
      assertThat(terminal.size()).isEqualTo(TerminalSize.STANDARD);
      assertThat(terminal.keys().read()).isEqualTo(-1);
    }
  }

  @Test
  void closingEndsAReadOfKeysThatAreForSomeoneElse() throws Exception {
    try (var there = Foreign.open()) {
      var got = new CompletableFuture<Integer>();
      var reading = Thread.ofPlatform().start(() -> complete(got, there.terminal()));
      Eventually.until("it waits", () -> reading.getState() == Thread.State.WAITING);
      there.pty().input().write('x');
      there.terminal().close();
      assertThat(got.get()).isEqualTo(-1);
      reading.join();
    }
  }

  private static void complete(CompletableFuture<Integer> key, OwnTerminal terminal) {
    try {
      key.complete(terminal.keys().read());
    } catch (IOException e) {
      key.completeExceptionally(e);
    }
  }

  @Test
  void aSizeThatIsNotToldIsTheStandardOne() throws Exception {
    try (var there = Foreign.open()) {
      stty("-F", there.name(), "cols", "0", "rows", "0");
      assertThat(there.terminal().size()).isEqualTo(TerminalSize.STANDARD);
    }
  }

  @Test
  void rawPassesEveryKeyOnAndTheEndPutsItBack() throws Exception {
    var main = Run.sh("exec " + Shell.java(OwnTerminalMain.class));
    try (var run = new PtyRun(main, Run.policy(Run.NOW))) {
      run.see("size=TerminalSize[columns=90, rows=33] raw=true");
      String kept = run.see(KEPT).group(1);
      assertThat(run.see(NOW).group(1)).isNotEqualTo(kept);
      run.type("\u0003\r\u001a\u0011r");
      for (String key : List.of("key=3", "key=13", "key=26", "key=17", "again=true")) {
        run.see(key);
      }
      run.type("\u0004");
      assertThat(run.see(END).group(1)).isEqualTo(kept);
    }
  }

  @Test
  void itIsLeftAloneInTheBackgroundAndTakenInTheForeground() throws Exception {
    var bash = CommandSpec.of("bash", "--norc", "--noprofile", "-i");
    try (var run = new PtyRun(bash, Run.policy(Run.NOW))) {
      run.type("PS1='prom''pt$ '; " + Shell.java(OwnTerminalMain.class) + " &\n");
      run.see("raw=false");
      run.see("now=");
      run.type("echo ty''ped\n");
      run.see("typed");
      // It runs, so the shell sends it no signal.
      run.type("fg; echo sh''ell; stty -a\n");
      run.see("OwnTerminalMain");
      Eventually.until("it is raw", () -> !hasSignalKeys(run.pty()));
      run.type("\u0003");
      run.see("key=3");
      run.type("\u0004");
      run.see("end=");
      run.see("shell");
      run.see(Pattern.compile(" icanon .* echo "));
    }
  }

  /** ISIG, which a shell's line editor leaves on. */
  private static boolean hasSignalKeys(Pty pty) {
    int slave = Foreign.slaveOf(pty);
    try {
      return (Libc.terminalSettings(slave).orElseThrow()[12] & 1) != 0;
    } finally {
      Libc.close(slave);
    }
  }

  private static String stty(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("stty"));
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var out = process.inputReader()) {
      String text = out.readAllAsString().strip();
      assertThat(process.waitFor()).as(text).isZero();
      return text;
    }
  }
}
