package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a pseudo-terminal of their own. */
class PtyTest {
  private static final String CTRL_C = "\u0003";
  private static final String CTRL_D = "\u0004";
  private static final String CTRL_Z = "\u001a";
  private static final Pattern STAT = Pattern.compile("stat: (\\d+) \\(sh\\) . (.*)\r\n");

  @TempDir Path dir;

  @Test
  void itLeadsASessionThatTheTerminalControls() throws Exception {
    try (var run = PtyRun.sh("echo stat: $(cat /proc/$$/stat); echo ready; read x")) {
      var stat = run.see(STAT);
      String pid = stat.group(1);
      // The parent, the group, the session, the terminal and its foreground group (proc(5)).
      String[] fields = stat.group(2).split(" ", 6);
      assertThat(fields[1]).isEqualTo(pid);
      assertThat(fields[2]).isEqualTo(pid);
      assertThat(fields[4]).isEqualTo(pid);
      // Its output may be faster than what the owner tells.
      Eventually.until("its pid is known", () -> run.controller().pid().isPresent());
      assertThat(run.controller().pid()).hasValue(Long.parseLong(pid));
    }
  }

  @Test
  void allThreeStreamsAreTheTerminalAndItOpensByItsName() throws Exception {
    var run =
        PtyRun.sh(
            "test -t 0 && test -t 1 && test -t 2 && echo named > /dev/tty; cd /proc/$$/fd;"
                + " readlink 0; readlink 1; readlink 2; ls; exit 3");
    try (run) {
      assertThat(run.toTheEnd()).matches("named\r\n(/dev/pts/\\d+\r\n)\\1{2}0\\s+1\\s+2\\s+");
      assertThat(run.controller().await().exitCode()).hasValue(3);
    }
  }

  @Test
  void itsSizeIsThereFromTheStartAndFollows() throws Exception {
    var script = "trap 'stty size' WINCH; stty size; while :; do read x && echo got-$x; done";
    try (var run = PtyRun.sh(script)) {
      run.see("33 90\r\n");
      run.pty().resize(new TerminalSize(101, 44));
      run.see("44 101\r\n");
      run.type("typed\n");
      run.see("got-typed");
    }
  }

  @Test
  void theLargestSizeArrives() throws Exception {
    try (var run = PtyRun.sh("read x; stty size")) {
      run.pty().resize(new TerminalSize(65_535, 1));
      run.type("\n");
      run.see("1 65535");
    }
    assertThatThrownBy(() -> new TerminalSize(0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TerminalSize(1, 65_536))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ctrlCInterrupts() throws Exception {
    try (var run = PtyRun.sh("echo ready; exec sleep 1000")) {
      run.see("ready");
      run.type(CTRL_C);
      var result = run.controller().await();
      assertThat(result.signal()).hasValue(Signal.INT.number());
      assertThat(result.requested()).isFalse();
    }
  }

  @Test
  void ctrlDIsTheEndOfItsInput() throws Exception {
    try (var run = PtyRun.sh("exec cat")) {
      run.type("line\n" + CTRL_D);
      assertThat(run.toTheEnd()).isEqualTo("line\r\nline\r\n");
      assertThat(run.controller().await().exitCode()).hasValue(0);
    }
  }

  @Test
  void aShellHasItsJobControl() throws Exception {
    try (var run = bash(Run.policy(Run.NOW))) {
      run.type("sh -c 'echo be''gun; exec cat'\n");
      run.see("begun");
      run.type(CTRL_Z);
      run.see("Stopped");
      run.type("jobs; echo status-$?\n");
      run.see(Pattern.compile("\\[1\\]\\+\\s+Stopped.*\r\nstatus-0"));
      run.type("fg\n");
      run.see("exec cat");
      run.type("text\n");
      run.see("text\r\ntext");
      run.type(CTRL_D);
      run.see("$ ");
      run.type("exit 6\n");
      assertThat(run.controller().await().exitCode()).hasValue(6);
    }
  }

  @Test
  void anInteractiveShellIsStoppedByAHangUp() throws Exception {
    try (var run = bash(Run.policy(Run.NEVER))) {
      run.controller().stop();
      var result = run.controller().await();
      assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
      assertThat(result.signal()).hasValue(Signal.HUP.number());
      assertThat(result.requested()).isTrue();
      assertThat(signals(run)).containsExactly(Signal.TERM, Signal.HUP);
    }
  }

  @Test
  void whoDoesNotIgnoreTheStopSignalIsNotHungUp() throws Exception {
    var script = "trap 'echo hup' HUP; trap 'echo term; exit 4' TERM; echo ready; read x; read x";
    try (var run = new PtyRun(Run.sh(script), Run.policy(Run.NEVER))) {
      run.see("ready");
      run.controller().stop();
      assertThat(run.toTheEnd()).isEqualTo("ready\r\nterm\r\n");
      assertThat(run.controller().await().exitCode()).hasValue(4);
      assertThat(signals(run)).containsExactly(Signal.TERM);
    }
  }

  private static List<Signal> signals(PtyRun run) {
    return run.events().stream()
        .filter(ProcessEvent.Signaled.class::isInstance)
        .map(each -> ((ProcessEvent.Signaled) each).signal())
        .toList();
  }

  @Test
  void closingItHangsUp() throws Exception {
    try (var run = PtyRun.sh("echo ready; exec sleep 1000")) {
      run.see("ready");
      run.pty().close();
      var result = run.controller().await();
      assertThat(result.signal()).hasValue(Signal.HUP.number());
      assertThat(result.requested()).isFalse();
      assertThat(run.toTheEnd()).isEqualTo("ready\r\n");
      assertThatThrownBy(() -> run.type("x")).isInstanceOf(IOException.class);
      run.pty().resize(TerminalSize.STANDARD);
    }
  }

  @Test
  void theOutputOfAFastCommandIsThereAfterItsEnd() throws Exception {
    for (int i = 0; i < 200; i++) {
      var spec = Run.sh("echo out-" + i).withPty(PtyRun.SIZE);
      try (var run = ProcessController.start(spec, Run.policy(Run.NOW), _ -> {})) {
        run.await();
        assertThat(run.pty().orElseThrow().output().readAllBytes())
            .isEqualTo(("out-" + i + "\r\n").getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  @Test
  void muchOutputArrivesWhole() throws Exception {
    try (var run = PtyRun.sh("seq 200000")) {
      var lines = run.toTheEnd().split("\r\n");
      assertThat(lines).hasSize(200_000);
      assertThat(lines[199_999]).isEqualTo("200000");
    }
  }

  @Test
  void muchInputArrivesWhole() throws Exception {
    try (var run = PtyRun.sh("stty -echo; echo ready; exec md5sum")) {
      run.see("ready");
      String text = ("x".repeat(99) + "\n").repeat(5000);
      run.type(text + CTRL_D);
      var digest = MessageDigest.getInstance("MD5");
      byte[] sum = digest.digest(text.getBytes(StandardCharsets.UTF_8));
      run.see(HexFormat.of().formatHex(sum));
    }
  }

  @Test
  void aLineThatIsTooLongDoesNotStopWhatIsTypedAfterIt() throws Exception {
    try (var run = PtyRun.sh("stty -echo; echo ready; read x; echo got-${#x}; read y; echo $y")) {
      run.see("ready");
      run.type("x".repeat(100_000) + "\nnext\n");
      // A line has room for 4095 characters and its end (termios(3), canonical mode).
      run.see("got-4095");
      run.see("next");
    }
  }

  @Test
  void closingEndsAWriteThatNobodyTakes() throws Exception {
    try (var run = PtyRun.sh("stty raw -echo; echo ready; exec sleep 1000")) {
      run.see("ready");
      var problem = new AtomicReference<IOException>();
      var typing =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  while (true) {
                    run.type("x".repeat(10_000));
                  }
                } catch (IOException e) {
                  problem.set(e);
                }
              });
      Eventually.until("nothing more is taken", () -> !hasRoom(run.pty()));
      run.pty().close();
      typing.join();
      assertThat(problem.get()).hasMessage("closed");
    }
  }

  private static boolean hasRoom(Pty pty) throws IOException {
    return pty.poll(Platform.POLL_OUT);
  }

  @Test
  void itsOutputEndsWithTheGroupThoughSomebodyHasItOpen() throws Exception {
    // In a session of its own: neither a signal to the command's group nor a hang-up ends it.
    var script = "setsid sh -c 'echo held-$$; exec sleep 15' & read x; echo la''st; exit 5";
    try (var run = PtyRun.sh(script)) {
      long holder = Long.parseLong(run.see(Pattern.compile("held-(\\d+)")).group(1));
      run.type("\n");
      run.see("last");
      assertThat(run.controller().await().exitCode()).hasValue(5);
      assertThat(run.toTheEnd()).endsWith("last\r\n");
      Libc.kill(holder, Signal.KILL.number());
    }
  }

  @Test
  void itMayBeClosedByTheCommandAndOpenedAgain() throws Exception {
    var script = "exec < /dev/null > /dev/null 2>&1; cat /dev/null; exec > /dev/tty; echo again";
    try (var run = PtyRun.sh("echo first; " + script)) {
      assertThat(run.toTheEnd()).isEqualTo("first\r\nagain\r\n");
      assertThat(run.controller().await().exitCode()).hasValue(0);
    }
  }

  @Test
  void anUnreadOneHoldsNoStopUp() throws Exception {
    var spec = Run.sh("yes").withPty(PtyRun.SIZE);
    try (var run = ProcessController.start(spec, Run.policy(Run.NEVER), _ -> {})) {
      var pty = run.pty().orElseThrow();
      Eventually.until("there is output", () -> pty.poll(Platform.POLL_IN));
      run.stop();
      assertThat(run.await().signal()).hasValue(Signal.TERM.number());
    }
  }

  @Test
  void aCommandThatIsNotThereIsAStartFailureAsEver() throws Exception {
    try (var run = new PtyRun(CommandSpec.of("no-such-command-anywhere"), Run.policy(Run.NOW))) {
      assertThat(run.toTheEnd()).isEmpty();
      var failure = run.controller().await().startFailure().orElseThrow();
      assertThat(failure.stage()).isEqualTo(StartStage.EXEC);
      assertThat(failure.commandAbsent()).isTrue();
    }
  }

  @Test
  void aCandidateThatCannotBeExecutedDoesNotEndTheOutput() throws Exception {
    Path first = Files.createDirectories(dir.resolve("first"));
    Path second = Files.createDirectories(dir.resolve("second"));
    Files.writeString(first.resolve("tool"), "");
    Files.writeString(second.resolve("tool"), "#!/bin/sh\necho second\n");
    assertThat(second.resolve("tool").toFile().setExecutable(true)).isTrue();
    var spec = CommandSpec.of("tool").withEnvironment(Map.of("PATH", first + ":" + second));
    try (var run = new PtyRun(spec, Run.policy(Run.NOW))) {
      assertThat(run.toTheEnd()).isEqualTo("second\r\n");
    }
  }

  @Test
  void whyThereIsNoneIsSaid() {
    for (int errno : List.of(Errno.EMFILE, Errno.ENOSPC, Errno.ENOENT, Errno.EINVAL)) {
      var failure = Pty.failure(errno);
      assertThat(failure.stage()).isEqualTo(StartStage.TTY);
      assertThat(failure.errno()).isEqualTo(errno);
      assertThat(failure.hint()).doesNotContain("\n");
    }
    assertThat(Pty.failure(Errno.EMFILE).hint()).contains("ulimit -n");
    assertThat(Pty.failure(Errno.ENOSPC).hint()).contains("/proc/sys/kernel/pty/max");
    assertThat(Pty.failure(Errno.ENOENT).hint()).contains("/dev/ptmx");
  }

  @Test
  void withoutDevicesForItTheStartFailsAtTheTerminal() throws Exception {
    String script =
        "mount -t tmpfs none /dev/pts && exec " + Shell.java(PtyFailureMain.class) + " true";
    var spec = CommandSpec.of("unshare", "-m", "sh", "-c", script);
    try (var run = Run.of(spec, Run.policy(Run.NOW))) {
      assertThat(run.line()).startsWith("START_FAILED TTY ").contains("no pseudo-terminal");
      assertThat(run.await().exitCode()).hasValue(0);
    }
  }

  @Test
  void whatIsIgnoredIsReadFromTheStatus() {
    String status = "Name:\tsh\nSigBlk:\t0000000000004000\nSigIgn:\t0000000000384004\n";
    assertThat(HangUp.isIgnored(status, Signal.TERM)).isTrue();
    assertThat(HangUp.isIgnored(status, Signal.QUIT)).isTrue();
    assertThat(HangUp.isIgnored(status, Signal.HUP)).isFalse();
    assertThat(HangUp.isIgnored("SigIgn:\tffffffffffffffff\n", Signal.HUP)).isTrue();
    assertThat(HangUp.isIgnored("SigIgn:\tzz\n", Signal.TERM)).isFalse();
    assertThat(HangUp.isIgnored("", Signal.TERM)).isFalse();
  }

  private static PtyRun bash(StopPolicy policy) throws IOException {
    var run = new PtyRun(CommandSpec.of("bash", "--norc", "--noprofile", "-i"), policy);
    run.type("PS1='prom''pt$ '\n");
    run.see("prompt$ ");
    return run;
  }
}
