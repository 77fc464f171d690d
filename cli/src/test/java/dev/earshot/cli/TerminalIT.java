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

/** Interactive programs under {@code earshot run} in a real terminal, as a user meets them. */
class TerminalIT {
  /** Tells when what is typed is echoed and comes back; before that it comes back only. */
  private static final String CAT = "sh -c 'echo cat-begun; exec cat'";

  @TempDir Path folder;
  private Tmux terminal;
  private Path stream;

  @BeforeEach
  void openTerminal() throws Exception {
    stream = folder.resolve("events.ndjson");
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
                Earshot.LAUNCHER + " run -e " + stream + " --"));
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
    terminal.line(CAT);
    terminal.await("^cat-begun");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    terminal.keys("C-z");
    terminal.await("Stopped");
    terminal.line("fg");
    terminal.await("IN> fg\n");
    terminal.line("second");
    terminal.await("^second");
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
    terminal.line("$E seq 1000 | less");
    terminal.await("^29$");
    terminal.keys("Space");
    terminal.await("^58$");
    terminal.keys("q");
    terminal.await("^OUT>$");
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
    terminal.line("$E " + CAT);
    terminal.await("^cat-begun");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    for (int round = 0; round < 3; round++) {
      terminal.keys("C-z");
      terminal.await("Stopped");
      terminal.line("clear; echo prompt-" + round);
      terminal.await("^prompt-" + round);
      terminal.line("fg");
      terminal.line("again-" + round);
      terminal.await("^again-" + round);
    }
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
    Eventually.until("Earshot is stopped", () -> state(earshot()).equals("T"));
    // bash takes note of it at its next prompt.
    terminal.line("clear");
    terminal.line("jobs");
    terminal.await("Stopped");
    terminal.line("fg");
    terminal.line("text");
    terminal.await("^text");
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
    assertThat(new ProcessBuilder("kill", "-TERM", String.valueOf(earshot())).start().waitFor())
        .isZero();
    terminal.await("Terminated|stopped by TERM");
    terminal.line("echo back-$?");
    terminal.await("^back-143");
  }

  @Test
  void aScriptWithEarshotInItIsOneJob() throws Exception {
    Files.writeString(folder.resolve("script.sh"), "$E " + CAT + "\necho script-over\n");
    terminal.line("export E; sh script.sh");
    terminal.await("^cat-begun");
    terminal.line("first");
    terminal.await("(?s)^first\nfirst");
    terminal.keys("C-z");
    terminal.await("Stopped");
    terminal.line("clear; fg");
    terminal.line("second");
    terminal.await("^second");
    terminal.keys("C-d");
    terminal.await("^script-over");
  }

  private long earshot() throws Exception {
    awaitType("process.started");
    var started = Pattern.compile("\"pid\":(\\d+)").matcher(Files.readString(stream));
    assertThat(started.find()).isTrue();
    long command = Long.parseLong(started.group(1));
    return ProcessHandle.of(command).flatMap(ProcessHandle::parent).orElseThrow().pid();
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
