package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code earshot run --pty always} in a real terminal, which must be as before afterwards. */
class PtyTerminalIT {
  @TempDir Path folder;
  private Tmux terminal;
  private Path stream;

  @BeforeEach
  void openTerminal() throws Exception {
    stream = folder.resolve("events.ndjson");
    String run = Earshot.LAUNCHER + " run --pty always -e " + stream;
    terminal =
        Tmux.open(
            folder,
            Map.of(
                "HOME",
                folder.toString(),
                "PATH",
                System.getenv("PATH"),
                "EARSHOT_NO_BUILD",
                "1",
                "E",
                run + " --",
                "R",
                run));
    terminal.line("stty -a > before");
  }

  @AfterEach
  void closeTerminal() throws Exception {
    terminal.close();
  }

  /** The shell's own settings, which a program finds; bash sets none after an ordinary end. */
  private void theTerminalIsAsBefore() throws Exception {
    terminal.line("clear; stty -a > after; cmp before after && echo sa''me");
    terminal.await("^same");
  }

  @Test
  void everyKeyIsTheCommandsAndTheTerminalIsPutBack() throws Exception {
    terminal.line("$E python3 -q");
    terminal.await("^>>>");
    terminal.line("print(6*7)");
    terminal.await("(?s)^42\n>>>");
    terminal.keys("C-c");
    terminal.await("KeyboardInterrupt");
    terminal.line("import os; os.get_terminal_size()");
    terminal.await("columns=100, lines=30");
    terminal.keys("C-d");
    terminal.await("exited with 0");
    theTerminalIsAsBefore();
  }

  @Test
  void aShellHasItsJobControl() throws Exception {
    terminal.line("$E env PS1='IN> ' bash --norc");
    terminal.await("^IN>");
    terminal.line("sh -c 'echo begun; exec cat'");
    terminal.await("^begun");
    terminal.keys("C-z");
    terminal.await("Stopped");
    terminal.line("clear; fg");
    terminal.await("exec cat");
    terminal.line("second");
    terminal.await("(?s)^second\nsecond");
    terminal.keys("C-d");
    terminal.line("exit 5");
    terminal.await("exited with 5");
    terminal.line("echo status-$?");
    terminal.await("^status-5");
  }

  @Test
  void ctrlCEndsTheCommandAndTheLoopAroundIt() throws Exception {
    terminal.line("while $E sh -c 'echo begun; exec sleep 1000'; do :; done; echo never");
    terminal.await("^begun");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
    terminal.line("echo status-$?");
    terminal.await("^status-130");
    assertThat(terminal.screen()).doesNotContain("\nnever");
    theTerminalIsAsBefore();
  }

  @Test
  void resizingReachesTheCommand() throws Exception {
    terminal.line("$E sh -c 'trap \"stty size\" WINCH; stty size; while :; do sleep 0.1; done'");
    terminal.await("^30 100");
    terminal.resize(90, 25);
    terminal.await("^25 90");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
  }

  @Test
  void anEditorEdits() throws Exception {
    terminal.line("$E vi text");
    terminal.await("^~");
    terminal.keys("i");
    terminal.line("written");
    terminal.keys("Escape");
    terminal.line(":wq");
    terminal.await("exited with 0");
    assertThat(Files.readString(folder.resolve("text"))).startsWith("written\n");
    theTerminalIsAsBefore();
  }

  @Test
  void theTerminalIsPutBackAfterAStopOfEarshot() throws Exception {
    // bash would put it back itself after a death by a signal; a shell without a prompt does not.
    terminal.line("sh -c '$E sh -c \"echo begun; exec cat\"; echo status-$?; stty -a > between'");
    terminal.await("^begun");
    terminal.line("typed");
    terminal.await("(?s)^typed\ntyped");
    kill("TERM", earshot());
    terminal.await("stopped by TERM");
    terminal.await("^status-143");
    theTerminalIsAsBefore();
    terminal.line("clear; cmp before between && echo eq''ual");
    terminal.await("^equal");
  }

  @Test
  void theTerminalIsPutBackAfterAKillOfTheCommand() throws Exception {
    terminal.line("$E sh -c 'stty raw -echo; echo begun; exec cat'");
    terminal.await("^begun");
    kill("KILL", command());
    terminal.await("was ended by KILL");
    theTerminalIsAsBefore();
  }

  @Test
  void aStartThatFailsLeavesTheTerminalAsItWas() throws Exception {
    terminal.line("$E no-such-command-anywhere; echo status-$?");
    terminal.await("^status-127");
    theTerminalIsAsBefore();
  }

  @Test
  void aStopSentToEarshotIsForBothAndTheShellHasItsTerminal() throws Exception {
    terminal.line("$E sh -c 'echo begun; exec cat'");
    terminal.await("^begun");
    long earshot = earshot();
    long command = command();
    for (int round = 0; round < 3; round++) {
      kill("TSTP", earshot);
      awaitState(earshot, "T");
      awaitState(command, "T");
      terminal.line("clear; until jobs | grep Stopped; do :; done");
      terminal.await("^\\[1\\].*Stopped");
      theTerminalIsAsBefore();
      terminal.line("clear; fg");
      terminal.await("^" + Pattern.quote("$E sh"));
      awaitState(command, "[RS]");
      awaitRaw();
      terminal.line("again-" + round);
      terminal.await("(?s)^again-" + round + "\nagain-" + round);
    }
    terminal.keys("C-d");
    terminal.await("exited with 0");
    theTerminalIsAsBefore();
  }

  @Test
  void inTheBackgroundItRunsAndComesToTheForeground() throws Exception {
    terminal.line("$E sh -c 'echo be''gun > begun; exec cat' &");
    Eventually.until("it runs", () -> Files.exists(folder.resolve("begun")));
    terminal.line("clear; jobs");
    terminal.await("^\\[1\\].*Running");
    terminal.line("clear; fg");
    terminal.await("^" + Pattern.quote("$E sh"));
    awaitRaw();
    terminal.line("typed");
    terminal.await("(?s)^typed\ntyped");
    terminal.keys("C-d");
    terminal.await("exited with 0");
    theTerminalIsAsBefore();
  }

  @Test
  void aPagerBehindACommandKeepsTheKeys() throws Exception {
    terminal.line("$E sh -c 'seq 1000; exec sleep 1000' | less");
    terminal.await("^29$");
    terminal.keys("Space");
    terminal.await("^58$");
    terminal.keys("q");
    terminal.await("[|] less$");
    terminal.keys("C-c");
    terminal.line("echo back");
    terminal.await("^back");
    theTerminalIsAsBefore();
  }

  @Test
  void aTerminalThatGoesAwayEndsBoth() throws Exception {
    long earshot;
    long command;
    Path closed = Files.createDirectory(folder.resolve("closed"));
    try (var closing = Tmux.open(closed, Map.of("PATH", System.getenv("PATH")))) {
      String run = Earshot.LAUNCHER + " run --pty always -e " + stream + " --";
      closing.line("HOME=" + folder + " EARSHOT_NO_BUILD=1 " + run + " sh -c 'exec sleep 1000'");
      earshot = earshot();
      command = command();
    }
    Eventually.until("both have ended", () -> !isThere(earshot) && !isThere(command));
  }

  /** The terminal's signals are off: keys are Earshot's to pass on. */
  private void awaitRaw() throws Exception {
    long earshot = earshot();
    Path tty = Path.of("/proc", "" + earshot, "fd", "2").toRealPath();
    Eventually.until(
        "the terminal is raw",
        () -> {
          var stty = new ProcessBuilder("stty", "-a", "-F", tty.toString()).start();
          try (var out = stty.inputReader()) {
            return out.readAllAsString().contains("-isig");
          } finally {
            stty.waitFor();
          }
        });
  }

  private long command() throws Exception {
    Eventually.until(
        "the command runs",
        () -> Files.exists(stream) && Files.readString(stream).contains("\"process.started\""));
    var started = Pattern.compile("\"pid\":(\\d+)").matcher(Files.readString(stream));
    assertThat(started.find()).isTrue();
    return Long.parseLong(started.group(1));
  }

  private long earshot() throws Exception {
    return ProcessHandle.of(command()).flatMap(ProcessHandle::parent).orElseThrow().pid();
  }

  private static boolean isThere(long pid) {
    return Files.exists(Path.of("/proc", "" + pid));
  }

  private static void kill(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, "" + pid).start().waitFor()).isZero();
  }

  private static void awaitState(long pid, String letters) {
    Eventually.until(
        pid + " is in state " + letters,
        () ->
            Files.readString(Path.of("/proc", "" + pid, "stat"))
                .replaceFirst(".*\\) (.).*\n", "$1")
                .matches(letters));
  }
}
