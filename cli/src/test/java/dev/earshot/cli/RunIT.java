package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code earshot run} from outside: exit codes, events, pipes and signals. */
class RunIT {
  private static final List<String> NORMAL =
      List.of(
          "session.starting",
          "proxy.starting",
          "proxy.started",
          "process.starting",
          "process.started",
          "session.started",
          "process.exited",
          "process.tree_gone",
          "session.stopping",
          "proxy.stopped",
          "capture.closed",
          "session.stopped");

  @TempDir Path folder;
  private Earshot earshot;
  private Path stream;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
    stream = folder.resolve("events.ndjson");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exit 0          | 0   | natural | 0   |",
        "exit 7          | 7   | natural | 7   |",
        "exit 139        | 139 | natural | 139 |",
        "exit 255        | 255 | natural | 255 |",
        "kill -SEGV $$   | 139 | signal  |     | SEGV",
        "kill -KILL $$   | 137 | signal  |     | KILL",
        "kill -TERM $$   | 143 | signal  |     | TERM",
      })
  void theCommandsEndIsToldExactly(
      String script, int status, String reason, Integer code, String signal) throws Exception {
    var run = run("sh", "-c", script);
    assertThat(run.status()).isEqualTo(status);
    assertThat(run.stdout()).isEmpty();
    assertThat(run.stderr().lines()).hasSize(1);
    Events events = Events.read(stream);
    assertThat(events.lifecycle()).isEqualTo(NORMAL);
    var exited = events.one("process.exited");
    assertThat(exited.get("reason").asString()).isEqualTo(reason);
    assertThat(exited.get("requested").asBoolean()).isFalse();
    assertThat(exited.has("exit_code")).isEqualTo(code != null);
    assertThat(exited.has("signal")).isEqualTo(signal != null);
    if (signal != null) {
      assertThat(exited.get("signal").asString()).isEqualTo(signal);
    }
    var stopped = events.one("session.stopped");
    assertThat(stopped.get("exit_code").asInt()).isEqualTo(status);
    assertThat(stopped.get("cause").asString()).isEqualTo("process_exited");
    earshot.nothingIsLeft(Events.read(stream));
  }

  @Test
  void aMissingCommandIs127AndADirectory126() throws Exception {
    assertThat(run("no-such-command-anywhere").status()).isEqualTo(127);
    assertThat(Events.read(stream).lifecycle())
        .containsExactly(
            "session.starting",
            "proxy.starting",
            "proxy.started",
            "process.starting",
            "process.exited",
            "session.stopping",
            "proxy.stopped",
            "capture.closed",
            "session.stopped");
    assertThat(Events.read(stream).one("session.stopping").get("cause").asString())
        .isEqualTo("process_failed");
    assertThat(run("/").status()).isEqualTo(126);
    Path script = Files.writeString(folder.resolve("plain"), "echo hello\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    assertThat(run(script.toString()).status()).isEqualTo(126);
    earshot.nothingIsLeft(Events.read(stream));
  }

  @Test
  void aBadDirectoryIs125() throws Exception {
    var run = earshot.run("run", "-e", stream.toString(), "--cwd", "/no/such/folder", "--", "true");
    assertThat(run.status()).isEqualTo(125);
    assertThat(run.stderr().lines()).hasSize(1);
    var exited = Events.read(stream).one("process.exited");
    assertThat(exited.get("stage").asString()).isEqualTo("cwd");
    assertThat(exited.get("errno").asString()).isEqualTo("ENOENT");
  }

  @Test
  void aTakenPortIs125() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = String.valueOf(taken.getLocalPort());
      var run = earshot.run("run", "-e", stream.toString(), "-p", port, "--", "true");
      assertThat(run.status()).isEqualTo(125);
      assertThat(run.stderr()).contains(port).contains("in use");
      Events events = Events.read(stream);
      assertThat(events.types())
          .containsExactly(
              "session.starting",
              "proxy.starting",
              "proxy.stopped",
              "session.stopping",
              "session.stopped");
      assertThat(events.one("session.stopping").get("cause").asString()).isEqualTo("proxy_failed");
      assertThat(events.one("proxy.stopped").get("error").asString()).contains("in use");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--grase 1s        | did you mean '--grace'",
        "--grace soon      | --grace",
        "--port 70000      | --port",
        "--bind 0.0.0.0    | --proxy-auth",
        "--stop-signal FOO | --stop-signal",
        "--tui             | --tui",
        "--har /no/x.har   | --har",
        "--max-body lots   | --max-body",
        "--capture a --no-capture | exclude each other",
        "--upstream-ca /no | --upstream-ca",
        "--env =x          | --env",
        "--events fd:77    | fd:77",
      })
  void aBadOptionIs125AndOneLineAndOpensNoStream(String options, String said) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("run"));
    if (!options.startsWith("--events")) {
      arguments.addAll(List.of("--events", stream.toString()));
    }
    arguments.addAll(List.of(options.strip().split(" ")));
    arguments.addAll(List.of("--", "true"));
    var run = earshot.run(arguments.toArray(String[]::new));
    assertThat(run.status()).isEqualTo(125);
    assertThat(run.stdout()).isEmpty();
    assertThat(run.stderr().lines()).hasSize(1).first().asString().contains(said);
    assertThat(stream).doesNotExist();
  }

  @Test
  void theTimeoutIs124() throws Exception {
    var run = earshot.run("run", "-e", stream.toString(), "--timeout", "1s", "--", "sleep", "60");
    assertThat(run.status()).isEqualTo(124);
    Events events = Events.read(stream);
    assertThat(events.lifecycle())
        .containsSubsequence(
            "session.started",
            "session.stopping",
            "process.signaled",
            "process.exited",
            "process.tree_gone",
            "proxy.stopped",
            "capture.closed",
            "session.stopped");
    assertThat(events.one("session.stopping").get("cause").asString()).isEqualTo("timeout");
    assertThat(events.one("process.exited").get("requested").asBoolean()).isTrue();
  }

  @Test
  void aChildThatIgnoresTermIsKilledAfterTheGrace() throws Exception {
    try (var running =
        earshot.start(
            "run",
            "-e",
            stream.toString(),
            "--grace",
            "1s",
            "--",
            "sh",
            "-c",
            "trap '' TERM; echo ready; while :; do sleep 0.1; done")) {
      awaitType("process.started");
      awaitIgnoringTerm();
      kill("TERM", running.pid());
      assertThat(running.finish().status()).isEqualTo(-15);
    }
    Events events = Events.read(stream);
    assertThat(events.one("process.exited").get("reason").asString()).isEqualTo("forced_kill");
    assertThat(events.one("process.exited").get("requested").asBoolean()).isTrue();
    double waited = events.one("session.stopped").get("phases").get("terminate").asDouble();
    assertThat(waited).isBetween(1_000.0, 4_000.0);
    assertThat(events.one("session.stopped").get("exit_code").asInt()).isEqualTo(143);
    earshot.nothingIsLeft(Events.read(stream));
  }

  @Test
  void theSecondSignalKillsNow() throws Exception {
    try (var running =
        earshot.start(
            "run",
            "-e",
            stream.toString(),
            "--grace",
            "1h",
            "--",
            "sh",
            "-c",
            "trap '' TERM; while :; do sleep 0.1; done")) {
      awaitType("process.started");
      awaitIgnoringTerm();
      kill("INT", running.pid());
      awaitType("process.signaled");
      kill("TERM", running.pid());
      assertThat(running.finish().status()).isEqualTo(-2);
    }
    assertThat(Events.read(stream).one("process.exited").get("reason").asString())
        .isEqualTo("forced_kill");
    earshot.nothingIsLeft(Events.read(stream));
  }

  @Test
  void aHandledTermIsASignalWithItsCode() throws Exception {
    try (var running =
        earshot.start(
            "run",
            "-e",
            stream.toString(),
            "--",
            "sh",
            "-c",
            "trap 'exit 7' TERM; : > "
                + folder.resolve("ready")
                + "; while :; do sleep 0.1; done")) {
      Eventually.until("the trap is set", () -> Files.exists(folder.resolve("ready")));
      kill("TERM", running.pid());
      assertThat(running.finish().status()).isEqualTo(-15);
    }
    var exited = Events.read(stream).one("process.exited");
    assertThat(exited.get("reason").asString()).isEqualTo("signal");
    assertThat(exited.get("signal").asString()).isEqualTo("TERM");
    assertThat(exited.get("exit_code").asInt()).isEqualTo(7);
    assertThat(exited.get("requested").asBoolean()).isTrue();
  }

  @Test
  void bytesOfTheStreamsAreTheSame() throws Exception {
    byte[] bytes = new byte[200_000];
    new Random(7).nextBytes(bytes);
    try (var running = earshot.start("run", "-q", "--", "sh", "-c", "tee /dev/stderr")) {
      running.stdin().write(bytes);
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.stdout()).isEqualTo(new String(bytes, ISO_8859_1));
      assertThat(finished.status()).isZero();
    }
  }

  @Test
  void descriptorsAreInheritedAndArgumentsKeepTheirBytes() throws Exception {
    String script =
        "diff <(echo a) <(echo a) && EARSHOT run -q -- diff <(echo a) <(echo b);"
            + " LC_ALL=C EARSHOT run -q -- printf '%s|' $'\\xe9\\xff' 'a b' ''";
    try (var running = earshot.launch(List.of("bash", "-c", script(script)))) {
      running.stdin().close();
      assertThat(running.finish().stdout())
          .isEqualTo("1c1\n< a\n---\n> b\nX|a b||".replace("X", "\u00e9\u00ff"));
    }
  }

  @Test
  void closingStdoutInTheCommandIsSeenAtOnce() throws Exception {
    String script =
        "EARSHOT run -q -- sh -c 'exec >&-; read _ < FIFO' | { cat; echo end-of-pipe; : > FIFO; }";
    Path fifo = folder.resolve("gate");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    try (var running =
        earshot.launch(List.of("sh", "-c", script(script).replace("FIFO", fifo.toString())))) {
      running.stdin().close();
      assertThat(running.finish().out()).isEqualTo("end-of-pipe\n");
    }
  }

  @Test
  void closedStandardStreamsAreClosedInTheCommand() throws Exception {
    for (String closed : List.of("<&-", ">&-", "2>&-", "<&- >&- 2>&-")) {
      String script = "EARSHOT run -q -- sh -c 'ls /proc/self/fd > OUT' " + closed;
      Path out = folder.resolve("out");
      String plain = "sh -c 'ls /proc/self/fd > OUT' " + closed;
      String ours = inBash(script.replace("OUT", out.toString()), out);
      assertThat(ours).as(closed).isEqualTo(inBash(plain.replace("OUT", out.toString()), out));
    }
  }

  private String inBash(String script, Path out) throws Exception {
    try (var running = earshot.launch(List.of("bash", "-c", script(script)))) {
      running.stdin().close();
      assertThat(running.finish().status()).isZero();
    }
    return Files.readString(out);
  }

  @Test
  void aHomeThatCannotBeWrittenKeepsTheAuthorityInMemory() throws Exception {
    var run = earshot.with("HOME", "/proc").run("run", "-e", stream.toString(), "--", "true");
    assertThat(run.status()).isZero();
    assertThat(run.stderr().lines().filter(line -> line.contains("warning"))).hasSize(1);
    assertThat(Events.read(stream).one("session.started").get("ca").isNull()).isTrue();
  }

  @Test
  void aFullDiskUnderTheStreamIsOneWarning() throws Exception {
    var run = earshot.run("run", "-e", "/dev/full", "--", "sh", "-c", "exit 3");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.stderr().lines().filter(line -> line.contains("warning"))).hasSize(1);
  }

  @Test
  void signalStateIsAsTheLauncherWasStarted() throws Exception {
    String script =
        """
        import os, signal, sys
        signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGWINCH])
        for s in range(1, 32):
            if s not in (9, 19): signal.signal(s, signal.SIG_DFL)
        for s in (signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE): signal.signal(s, signal.SIG_IGN)
        os.execv(sys.argv[1], [sys.argv[1], "run", "-q", "--", "grep", "Sig[BI]", "/proc/self/status"])
        """;
    try (var running =
        earshot.launch(List.of("python3", "-c", script, Earshot.LAUNCHER.toString()))) {
      running.stdin().close();
      // 32 and 33 are glibc's own: ignored in whatever it spawns.
      assertThat(running.finish().out().replace("0000000180001801", "0000000000001801"))
          .isEqualTo("SigBlk:\t0000000008000200\nSigIgn:\t0000000000001801\n");
    }
  }

  @Test
  void theEnvironmentIsTheUsersPlusOurVariables() throws Exception {
    earshot.with("JAVA_TOOL_OPTIONS", "-Dmine=1").with("flags", "x").with("home", "y");
    String theirs = earshot.launchAndRead(List.of("env", "-u", "_", "env"));
    var run = earshot.run("run", "-q", "--no-inject", "--", "env");
    assertThat(run.stderr()).isEmpty();
    var ours = "EARSHOT_(SESSION|MARK)=.*";
    assertThat(run.out().lines().filter(line -> !line.matches(ours)).sorted())
        .containsExactlyElementsOf(theirs.lines().sorted().toList());
  }

  @Test
  void eventsOnStdoutMoveTheCommandsStdoutToStderr() throws Exception {
    var run = earshot.run("run", "-q", "--events", "-", "--", "echo", "hello");
    assertThat(run.stderr()).isEqualTo("hello\n");
    assertThat(Events.of(run.out()).lifecycle()).isEqualTo(NORMAL);
  }

  @Test
  void eventsGoToADescriptorThatTheCommandDoesNotGet() throws Exception {
    String script =
        "EARSHOT run -q --events fd:5 -- sh -c '[ ! -e /proc/self/fd/5 ] && echo closed' 5> STREAM";
    try (var running =
        earshot.launch(
            List.of("bash", "-c", script(script).replace("STREAM", stream.toString())))) {
      running.stdin().close();
      assertThat(running.finish().out()).isEqualTo("closed\n");
    }
    assertThat(Events.read(stream).lifecycle()).isEqualTo(NORMAL);
  }

  @Test
  void theStreamsFileIsPrivateAndNotReachedThroughALink() throws Exception {
    assertThat(run("true").status()).isZero();
    assertThat(Files.getPosixFilePermissions(stream))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), stream);
    var refused = earshot.run("run", "--events", link.toString(), "--", "true");
    assertThat(refused.status()).isEqualTo(125);
    assertThat(refused.stderr()).contains("symbolic link");
  }

  @Test
  void aFifoWithoutAReaderIs125() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    var run = earshot.run("run", "--events", fifo.toString(), "--", "true");
    assertThat(run.status()).isEqualTo(125);
    assertThat(run.stderr()).contains("2 s");
  }

  @Test
  void aReaderThatGoesAwayIsOneWarning() throws Exception {
    String script =
        "EARSHOT run --events fd:5 -- sh -c 'sleep 0.3; exit 3' 5> >(head -n 1 > /dev/null)";
    try (var running = earshot.launch(List.of("bash", "-c", script(script)))) {
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.status()).isEqualTo(3);
      assertThat(finished.stderr().lines().filter(line -> line.contains("warning"))).hasSize(1);
    }
  }

  @Test
  void withoutAHomeTheAuthorityStaysInMemory() throws Exception {
    try (var running =
        earshot.launch(
            List.of(
                "env",
                "-u",
                "HOME",
                Earshot.LAUNCHER.toString(),
                "run",
                "-e",
                stream.toString(),
                "--",
                "true"))) {
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.status()).isZero();
      assertThat(finished.stderr().lines().filter(line -> line.contains("warning"))).hasSize(1);
    }
    assertThat(Events.read(stream).one("session.started").get("ca").isNull()).isTrue();
  }

  @Test
  void twoFirstSessionsAtOnceShareOneAuthority() throws Exception {
    Path other = folder.resolve("other.ndjson");
    try (var first = earshot.start("run", "-e", stream.toString(), "--", "true");
        var second = earshot.start("run", "-e", other.toString(), "--", "true")) {
      assertThat(first.finish().status()).isZero();
      assertThat(second.finish().status()).isZero();
    }
    Path ca = Path.of(Events.read(stream).one("session.started").get("ca").asString());
    assertThat(Events.read(other).one("session.started").get("ca").asString())
        .isEqualTo(ca.toString());
    assertThat(Files.getPosixFilePermissions(ca.getParent()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  private Earshot.Finished run(String... command) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("run", "--events", stream.toString(), "--"));
    arguments.addAll(List.of(command));
    return earshot.run(arguments.toArray(String[]::new));
  }

  private static String script(String text) {
    return text.replace("EARSHOT", Earshot.LAUNCHER.toString());
  }

  private void awaitType(String type) {
    Eventually.until(
        type, () -> Files.exists(stream) && Files.readString(stream).contains("\"" + type + "\""));
  }

  /** The command's shell has set its trap: TERM, signal 15, is bit 14 of SigIgn (proc(5)). */
  private void awaitIgnoringTerm() throws Exception {
    var pid =
        Pattern.compile("\"process.started\",\"run\":1,\"pid\":(\\d+)")
            .matcher(Files.readString(stream));
    assertThat(pid.find()).isTrue();
    Path status = Path.of("/proc", pid.group(1), "status");
    Eventually.until(
        "TERM is ignored",
        () -> {
          String line =
              Files.readAllLines(status).stream()
                  .filter(l -> l.startsWith("SigIgn:"))
                  .findFirst()
                  .orElseThrow();
          return (Long.parseUnsignedLong(line.substring(8).strip(), 16) & (1L << 14)) != 0;
        });
  }

  private static void kill(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(pid)).start().waitFor())
        .isZero();
  }
}
