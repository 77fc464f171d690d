package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code earshot run --pty always} with pipes, files and nothing for its own streams. */
class PtyIT {
  @TempDir Path folder;
  private Earshot earshot;
  private Path stream;
  private String line;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
    stream = folder.resolve("events.ndjson");
    line =
        "sh -c 'echo $$ > %s; exec \"$@\"' sh %s run --pty always -e %s "
            .formatted(folder.resolve("pid"), Earshot.LAUNCHER, stream);
  }

  @Test
  void theCommandHasATerminalThoughNobodyElseDoes() throws Exception {
    var run = run("sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size; exit 3");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.stdout()).isEqualTo("24 80\r\n");
    assertThat(run.stderr().lines()).hasSize(1);
    assertThat(Events.read(stream).one("process.exited").get("exit_code").asInt()).isEqualTo(3);
  }

  @Test
  void aMissingCommandIs127() throws Exception {
    var run = run("no-such-command-anywhere");
    assertThat(run.status()).isEqualTo(127);
    assertThat(run.stdout()).isEmpty();
    assertThat(run.stderr().lines()).hasSize(1);
  }

  @Test
  void aBadChoiceIsRefused() throws Exception {
    var run = earshot.run("run", "--pty", "maybe", "--", "true");
    assertThat(run.status()).isEqualTo(125);
    assertThat(run.stderr()).contains("--pty does not take 'maybe'");
  }

  @Test
  void whatIsPipedInIsTypedAndItsEndIsTheEndOfTheInput() throws Exception {
    assertThat(typed("hi\n").stdout()).isEqualTo("hi\r\nhi\r\n");
    assertThat(typed("begun").stdout()).isEqualTo("begunbegun");
    assertThat(typed("").stdout()).isEmpty();
  }

  private Earshot.Finished typed(String text) throws Exception {
    try (var running =
        earshot.start("run", "--pty", "always", "-e", stream.toString(), "--", "cat")) {
      running.stdin().write(text.getBytes(UTF_8));
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.status()).isZero();
      return finished;
    }
  }

  @Test
  void aStdinThatIsClosedOrEmptyIsAtItsEnd() throws Exception {
    for (String none : List.of("<&-", "</dev/null")) {
      try (var running = shell(line + "-- cat " + none)) {
        var finished = running.finish();
        assertThat(finished.status()).as(none).isZero();
        assertThat(finished.stdout()).isEmpty();
      }
    }
  }

  @Test
  void muchGoesThroughBothWays() throws Exception {
    String text = ("x".repeat(60) + "\n").repeat(3000);
    Path file = Files.writeString(folder.resolve("text"), text);
    try (var running = shell(line + "-- sh -c 'stty -echo; echo; cat' < " + file)) {
      // What came before the echo was off is there twice.
      String[] lines = running.finish().stdout().split("\r\n");
      assertThat(lines).hasSizeBetween(3001, 6001);
      assertThat(lines[3000]).isEqualTo("x".repeat(60));
    }
    try (var running = shell(line + "-- seq 100000 < /dev/null")) {
      String[] lines = running.finish().stdout().split("\r\n");
      assertThat(lines).hasSize(100_000);
      assertThat(lines[99_999]).isEqualTo("100000");
    }
  }

  @Test
  void theEventStreamOnStdoutSendsTheOutputToStderr() throws Exception {
    var run = earshot.run("run", "--pty", "always", "-q", "-e", "-", "--", "echo", "shown");
    assertThat(run.status()).isZero();
    assertThat(run.stderr()).isEqualTo("shown\r\n");
    assertThat(run.stdout()).startsWith("{").doesNotContain("\r");
  }

  @Test
  void aReaderThatGoesAwayHangsUp() throws Exception {
    try (var running = shell(line + "-- sh -c 'yes; exec sleep 1000' | head -1")) {
      var finished = running.finish();
      assertThat(finished.stdout()).isEqualTo("y\r\n");
      assertThat(finished.stderr()).contains("so it was hung up").contains("was ended by HUP");
    }
    assertThat(Events.read(stream).one("process.exited").get("signal").asString()).isEqualTo("HUP");
  }

  @Test
  void aReaderThatNeverReadsIsGivenUpAfterTheEnd() throws Exception {
    Path gate = gate();
    String rest = "-- sh -c 'yes | head -n 24000' < /dev/null | { read x < " + gate + "; cat; }";
    try (var running = shell(line + rest)) {
      Eventually.until("it has ended", () -> streamHas("session.stopped"));
      Files.writeString(gate, "\n");
      var finished = running.finish();
      assertThat(finished.stderr().lines().filter(l -> l.contains("was not taken"))).hasSize(1);
      assertThat(finished.stdout().length()).isBetween(1000, 71_999);
    }
  }

  @Test
  void aSignalEndsTheWaitForAReader() throws Exception {
    Path gate = gate();
    String rest = "-- sh -c 'yes | head -n 24000' < /dev/null | { read x < " + gate + "; cat; }";
    try (var running = shell(line + rest)) {
      Eventually.until("the command is gone", () -> streamHas("process.tree_gone"));
      terminate();
      Eventually.until("it has ended", () -> streamHas("session.stopped"));
      Files.writeString(gate, "\n");
      assertThat(running.finish().stderr()).doesNotContain("was not taken");
    }
  }

  @Test
  void aStopEndsAnInteractiveShellByAHangUp() throws Exception {
    Path prompted = folder.resolve("prompted");
    String bash = "-- env PROMPT_COMMAND='touch " + prompted + "' bash --norc -i";
    try (var running = shell(line + "--grace 1h " + bash)) {
      Eventually.until("its prompt is there", () -> Files.exists(prompted));
      terminate();
      assertThat(running.finish().stderr()).contains("was ended by HUP");
    }
    assertThat(Events.read(stream).one("process.exited").get("requested").asBoolean()).isTrue();
  }

  private boolean streamHas(String type) throws Exception {
    return Files.exists(stream) && Files.readString(stream).contains("\"" + type + "\"");
  }

  private void terminate() throws Exception {
    String pid = Files.readString(folder.resolve("pid")).strip();
    assertThat(new ProcessBuilder("kill", "-TERM", pid).start().waitFor()).isZero();
  }

  private Path gate() throws Exception {
    Path gate = folder.resolve("gate");
    assertThat(new ProcessBuilder("mkfifo", gate.toString()).start().waitFor()).isZero();
    return gate;
  }

  private Earshot.Finished run(String... command) throws Exception {
    var arguments = new ArrayList<>(List.of("run", "--pty", "always", "-e"));
    arguments.add(stream.toString());
    arguments.add("--");
    arguments.addAll(List.of(command));
    return earshot.run(arguments.toArray(String[]::new));
  }

  private Earshot.Running shell(String script) throws Exception {
    return earshot.launch(List.of("sh", "-c", script));
  }
}
