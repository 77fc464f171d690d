package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Interactive programs under {@code earshot run} in a real terminal, as a user meets them. */
class TerminalIT {
  @TempDir Path folder;
  private Tmux terminal;
  private Path stream;

  @BeforeEach
  void openTerminal() throws Exception {
    stream = folder.resolve("events.ndjson");
    terminal = Tmux.open(folder, environment());
  }

  private Map<String, String> environment() {
    return Map.of(
        "HOME",
        folder.toString(),
        "PATH",
        System.getenv("PATH"),
        "EARSHOT_NO_BUILD",
        "1",
        "R",
        Earshot.LAUNCHER + " run -e " + stream,
        "E",
        Earshot.LAUNCHER + " run -e " + stream + " --");
  }

  @AfterEach
  void closeTerminal() throws Exception {
    terminal.close();
  }

  @Test
  void aShellHasItsJobControl() throws Exception {
    terminal.line("$E env PS1='IN> ' bash --norc");
    terminal.await("^IN>");
    terminal.line("echo sum-$((1+2))");
    terminal.await("^sum-3");
    terminal.line("sh -c 'echo begun; exec sleep 1000'");
    terminal.await("^begun");
    terminal.keys("C-c");
    terminal.line("echo after-$?");
    terminal.await("^after-130");
    terminal.line("sh -c 'echo reads; exec cat'");
    terminal.await("^reads");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    terminal.keys("C-z");
    terminal.await("Stopped");
    foreground("sh -c");
    terminal.line("second");
    terminal.await("(?s)^second\nsecond");
    terminal.keys("C-d");
    terminal.line("exit 5");
    terminal.await("exited with 5");
    terminal.line("echo status-$?");
    terminal.await("^status-5");
  }

  @Test
  void anEditorEditsAndAPagerPages() throws Exception {
    terminal.line("$E vi text");
    terminal.await("^~");
    terminal.keys("i");
    terminal.line("written");
    terminal.keys("Escape");
    terminal.line(":wq");
    terminal.await("exited with 0");
    assertThat(Files.readString(folder.resolve("text"))).startsWith("written\n");
    terminal.line("clear; seq 1000 > numbers; $E less numbers");
    terminal.await("^29$");
    terminal.keys("Space");
    terminal.await("^58$");
    terminal.keys("q");
    terminal.await("exited with 0");
  }

  @Test
  void aPagerBehindACommandKeepsTheTerminal() throws Exception {
    terminal.line("$E sh -c 'seq 1000; exec sleep 1000' | less");
    terminal.await("^29$");
    terminal.keys("Space");
    terminal.await("^58$");
    terminal.keys("q");
    // What was typed before Ctrl-C is dropped by it, so less must have read its q.
    terminal.await("[|] less$");
    terminal.keys("C-c");
    terminal.line("echo back");
    terminal.await("^back");
  }

  @Test
  void aPagerAfterAPipeIsUsable() throws Exception {
    terminal.line("seq 1000 | $E less");
    terminal.await("^29$");
    terminal.keys("Space");
    terminal.await("^58$");
    terminal.keys("q");
    terminal.await("exited with 0");
  }

  @Test
  void aReplReadsAndIsInterrupted() throws Exception {
    terminal.line("$E python3 -q");
    terminal.await("^>>>");
    terminal.line("print(6*7)");
    terminal.await("(?s)^42\n>>>");
    terminal.keys("C-c");
    terminal.await("KeyboardInterrupt");
    terminal.keys("C-d");
    terminal.await("exited with 0");
  }

  @Test
  void ctrlCBelongsToTheCommandAndEndsALoop() throws Exception {
    terminal.line("while $E sh -c 'echo begun; exec sleep 1000'; do :; done; echo never");
    terminal.await("^begun");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
    terminal.line("echo status-$?");
    terminal.await("^status-130");
    assertThat(terminal.screen()).doesNotContain("\nnever");
    Events events = Events.read(stream);
    var exited = events.one("process.exited");
    assertThat(exited.get("reason").asString()).isEqualTo("signal");
    assertThat(exited.get("signal").asString()).isEqualTo("INT");
    assertThat(exited.get("requested").asBoolean()).isFalse();
    assertThat(events.one("session.stopping").get("cause").asString()).isEqualTo("process_exited");
  }

  @Test
  void ctrlZStopsBothAndFgResumesBoth() throws Exception {
    start("$E cat");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    for (int round = 0; round < 3; round++) {
      terminal.keys("C-z");
      terminal.await("Stopped");
      terminal.line("clear; echo prompt-" + round);
      terminal.await("^prompt-" + round);
      foreground("$E cat");
      terminal.line("again-" + round);
      terminal.await("(?s)^again-" + round + "\nagain-" + round);
    }
    terminal.line("last");
    terminal.await("(?s)^last\nlast");
    terminal.keys("C-d");
    terminal.await("exited with 0");
  }

  @Test
  void aBackgroundJobComesToTheForeground() throws Exception {
    terminal.line("$E cat &");
    terminal.line("echo here");
    terminal.await("^here");
    // Stopped, as it may not read in the background, and Earshot with it.
    awaitType("process.started");
    awaitStoppedJob();
    foreground("$E cat");
    terminal.line("text");
    terminal.await("(?s)^text\ntext");
    terminal.keys("C-d");
    terminal.await("exited with 0");
  }

  @Test
  void resizingReachesTheCommand() throws Exception {
    terminal.line("$E sh -c 'trap \"stty size\" WINCH; echo begun; while :; do sleep 0.1; done'");
    terminal.await("^begun");
    terminal.resize(90, 25);
    terminal.await("^25 90");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
  }

  @Test
  void quitReachesTheCommandAndPrintsNoThreadDump() throws Exception {
    terminal.line(
        "$E sh -c 'trap \"echo quit-seen\" QUIT; echo begun; while :; do sleep 0.1; done'");
    terminal.await("^begun");
    terminal.keys("C-\\");
    terminal.await("quit-seen");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
    assertThat(terminal.screen()).doesNotContain("Full thread dump");
  }

  @Test
  void theTerminalIsSaneAfterAKill() throws Exception {
    terminal.line("$E sh -c 'stty raw -echo; echo begun; kill -9 $$'");
    terminal.await("was ended by KILL");
    terminal.line("stty -a | grep -o ' icanon' && echo sane");
    terminal.await("^sane");
  }

  @Test
  void aStopOfEarshotGivesTheTerminalBack() throws Exception {
    terminal.line("$E sh -c 'echo begun; exec cat'");
    terminal.await("^begun");
    terminal.line("typed");
    terminal.await("(?s)^typed\ntyped");
    kill("TERM", earshot());
    terminal.await("Terminated|stopped by TERM");
    terminal.line("echo back-$?");
    terminal.await("^back-143");
  }

  @Test
  void aScriptWithEarshotInItIsOneJob() throws Exception {
    Files.writeString(folder.resolve("script.sh"), "$E cat\necho script-over\n");
    start("export E; sh script.sh");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    terminal.keys("C-z");
    terminal.await("Stopped");
    foreground("sh script.sh");
    terminal.line("second");
    terminal.await("(?s)^second\nsecond");
    terminal.keys("C-d");
    terminal.await("^script-over");
  }

  @Test
  void aPagerAtTheEndOfALongPipelineIsUsable() throws Exception {
    terminal.line("yes | head -1000 | $E less");
    terminal.await("(?s)\\Ay\ny\n.*^:");
    terminal.keys("G");
    terminal.await("END");
    terminal.keys("q");
    terminal.await("exited with 0");
  }

  @Test
  void aStoppedCommandRunsOnInTheBackgroundAndComesBack() throws Exception {
    terminal.line("$E sh -c 'echo begun; while read x; do echo got-$x; done; exit 6'");
    terminal.await("^begun");
    terminal.keys("C-z");
    terminal.await("Stopped");
    // It wants to read, which stops it again in the background.
    terminal.line("clear; bg");
    terminal.await("&$");
    awaitStoppedJob();
    foreground("$E sh");
    terminal.line("one");
    terminal.await("^got-one");
    terminal.keys("C-d");
    terminal.await("exited with 6");
  }

  @Test
  void anEditorIsRedrawnAfterFg() throws Exception {
    terminal.line("$E vi text");
    terminal.await("^~");
    terminal.keys("i");
    terminal.line("written");
    terminal.keys("Escape", "C-z");
    terminal.await("Stopped");
    terminal.line("clear; stty -a | grep -ow 'icanon' && echo sane; jobs");
    terminal.await("^sane");
    terminal.line("fg");
    terminal.await("(?s)^written\n.*^~");
    terminal.line(":wq");
    terminal.await("exited with 0");
    assertThat(Files.readString(folder.resolve("text"))).startsWith("written\n");
  }

  @Test
  void ctrlCEndsTheScriptAroundTheCommand() throws Exception {
    Files.writeString(
        folder.resolve("script.sh"), "$E sh -c 'echo begun; exec sleep 1000'\necho never\n");
    terminal.line("export E; sh script.sh");
    terminal.await("^begun");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
    terminal.line("echo status-$?");
    terminal.await("^status-130");
    assertThat(terminal.screen()).doesNotContain("\nnever");
  }

  @Test
  void ctrlCEndsTheWholePipeline() throws Exception {
    terminal.line("sleep 1000 | $E sh -c 'echo begun; exec cat'");
    terminal.await("^begun");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
    terminal.line("echo status-$?");
    terminal.await("^status-130");
  }

  @Test
  void ctrlCSkipsTheGraceOfWhatTheCommandLeftBehind() throws Exception {
    terminal.line(
        "$R --grace 1h -- sh -c 'trap \"\" TERM; (while :; do sleep 0.1; done) & echo begun'");
    terminal.await("^begun");
    awaitType("process.exited");
    Eventually.until(
        "the leftovers were asked", () -> Files.readString(stream).contains("\"leftover\""));
    terminal.keys("C-c");
    terminal.await("1 process killed|2 processes killed");
    terminal.line("echo back");
    terminal.await("^back");
    assertThat(Events.read(stream).one("process.exited").get("reason").asString())
        .isEqualTo("natural");
  }

  @Test
  void stopAndContinueSentToEarshotAreForBoth() throws Exception {
    start("$E cat");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    long earshot = earshot();
    long command = command();
    for (int round = 0; round < 5; round++) {
      kill("TSTP", earshot);
      awaitStopped(command);
      awaitStopped(earshot);
      awaitStoppedJob();
      foreground("$E cat");
      terminal.line("again-" + round);
      terminal.await("(?s)^again-" + round + "\nagain-" + round);
    }
    terminal.keys("C-d");
    terminal.await("exited with 0");
  }

  @Test
  void stopAndContinueWorkWithoutATerminal() throws Exception {
    terminal.line("setsid -w $E sh -c 'ps -o tty= -p $$; echo begun; exec sleep 1000' &");
    terminal.await("(?s)\\?\nbegun");
    long earshot = earshot();
    long command = command();
    kill("STOP", command);
    awaitStopped(command);
    kill("CONT", earshot);
    awaitRunning(command);
    for (int round = 0; round < 5; round++) {
      kill("TSTP", earshot);
      awaitStopped(command);
      awaitStopped(earshot);
      kill("CONT", earshot);
      awaitRunning(earshot);
      awaitRunning(command);
    }
    kill("TERM", earshot);
    awaitEnd(command);
    awaitEnd(earshot);
  }

  @Test
  void aStopThatCannotBeHandledDoesNotCostTheShellItsTerminal() throws Exception {
    // It does not read the terminal at first: Earshot, stopped so, cannot stop it.
    terminal.line("mkfifo gate; $E sh -c 'echo begun; : < gate; read x; echo got-$x'");
    terminal.await("^begun");
    kill("STOP", earshot());
    terminal.await("Stopped");
    terminal.line("clear; bg");
    terminal.await("&$");
    Files.writeString(folder.resolve("gate"), "");
    awaitStopped(command());
    awaitStoppedJob();
    foreground("$E sh");
    terminal.line("typed");
    terminal.await("^got-typed");
    terminal.await("exited with 0");
  }

  @Test
  void signalsSentToEarshotReachTheCommand() throws Exception {
    Files.writeString(
        folder.resolve("seen.py"),
        """
        import os, signal
        def seen(n, _): os.write(1, b"seen %s\\n" % signal.Signals(n).name.encode())
        for s in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH): signal.signal(s, seen)
        # Not as an exception, which would come out of whatever handler runs.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        print("begun", flush=True)
        while True: print("read", input(), flush=True)
        """);
    terminal.line("$E python3 seen.py");
    terminal.await("^begun");
    for (String signal : List.of("USR1", "USR2", "WINCH")) {
      kill(signal, earshot());
      terminal.await("^seen SIG" + signal);
    }
    long earshot = earshot();
    String thousand = "i=0; while [ $i -lt 1000 ]; do kill -WINCH $0; i=$((i+1)); done";
    assertThat(new ProcessBuilder("sh", "-c", thousand, String.valueOf(earshot)).start().waitFor())
        .isZero();
    terminal.line("typed");
    terminal.await("^read typed");
    terminal.keys("C-c");
    terminal.await("was ended by INT");
    terminal.line("echo status-$?");
    terminal.await("^status-130");
  }

  @Test
  void nohupOutlivesTheTerminal() throws Exception {
    try (var closing = Tmux.open(Files.createDirectory(folder.resolve("closing")), environment())) {
      closing.line("mkfifo gate; nohup $E sh -c 'read x < gate; echo $x > result' > out 2>&1 &");
      awaitType("process.started");
    }
    long earshot = earshot();
    Files.writeString(folder.resolve("closing/gate"), "survived\n");
    awaitEnd(earshot);
    assertThat(folder.resolve("closing/result")).hasContent("survived");
    assertThat(Events.read(stream).one("process.exited").get("exit_code").asInt()).isZero();
  }

  @Test
  void aTerminalThatGoesAwayEndsBoth() throws Exception {
    long earshot;
    long command;
    try (var closing = Tmux.open(Files.createDirectory(folder.resolve("closing")), environment())) {
      closing.line("$E sh -c 'echo begun; exec sleep 1000'");
      closing.await("^begun");
      awaitType("session.started");
      earshot = earshot();
      command = command();
    }
    awaitEnd(command);
    awaitEnd(earshot);
    assertThat(Events.read(stream).one("process.exited").get("signal").asString()).isEqualTo("HUP");
  }

  /**
   * What is typed before the shell has left its line editor reaches a command as the editor's keys:
   * Enter is no newline there. So nothing is typed before the command has started.
   */
  private void start(String line) throws Exception {
    terminal.line(line);
    awaitType("process.started");
  }

  /** Continues the shell's job, whose command line it prints once it has left its line editor. */
  private void foreground(String job) throws Exception {
    terminal.line("clear; fg");
    terminal.await("^" + Pattern.quote(job));
  }

  /** Each thread of a JVM stops in its own time; the shell knows once all have. */
  private void awaitStoppedJob() throws Exception {
    terminal.line("clear; until jobs | grep Stopped; do :; done");
    terminal.await("^\\[1\\].*Stopped");
  }

  private long command() throws Exception {
    awaitType("process.started");
    var started = Pattern.compile("\"pid\":(\\d+)").matcher(Files.readString(stream));
    assertThat(started.find()).isTrue();
    return Long.parseLong(started.group(1));
  }

  private long earshot() throws Exception {
    return ProcessHandle.of(command()).flatMap(ProcessHandle::parent).orElseThrow().pid();
  }

  private static void kill(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(pid)).start().waitFor())
        .isZero();
  }

  private static void awaitStopped(long pid) {
    Eventually.until(pid + " is stopped", () -> state(pid).equals("T"));
  }

  private static void awaitRunning(long pid) {
    Eventually.until(pid + " is not stopped", () -> !state(pid).equals("T"));
  }

  private static void awaitEnd(long pid) {
    Eventually.until(pid + " has ended", () -> !Files.exists(Path.of("/proc", "" + pid)));
  }

  /** The letter that /proc/PID/stat has for a process (proc(5)); its name has no parenthesis. */
  private static String state(long pid) throws Exception {
    return Files.readString(Path.of("/proc", String.valueOf(pid), "stat"))
        .replaceFirst(".*\\) (.).*\n", "$1");
  }

  private void awaitType(String type) {
    Eventually.until(
        type, () -> Files.exists(stream) && Files.readString(stream).contains("\"" + type + "\""));
  }
}
