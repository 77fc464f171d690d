package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A program in a session of its own that is not owned by a controller: nobody ends what it leaves
 * behind. What it leaves becomes this process's, and is reaped when this is closed.
 */
final class Doomed implements AutoCloseable {
  private static final long SELF = ProcessHandle.current().pid();

  private final long pid;
  private final StandardStreams streams;
  private final BufferedReader out;
  private boolean reaped;

  private Doomed(long pid, StandardStreams streams) {
    this.pid = pid;
    this.streams = streams;
    var bytes = streams.kept(1).map(Descriptors::inputFrom).orElseThrow();
    this.out = new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8));
  }

  static Doomed start(CommandSpec spec) throws Exception {
    assertThat(Adoption.acquire()).isTrue();
    var stdio = new Stdio(new Redirect.Pipe(), new Redirect.Pipe(), new Redirect.Inherit(2));
    var streams = StandardStreams.open(spec.withStdio(stdio), Spawner.firstClosed(spec.launch()));
    try {
      var setting = new Spawner.Setting(Optional.empty(), Mark.NONE, true, Optional.empty());
      long pid = Spawner.spawn(Platform.current(), spec, streams.sources(), setting);
      return new Doomed(pid, streams);
    } finally {
      streams.closeSources();
    }
  }

  long pid() {
    return pid;
  }

  /** The next line; empty at the end. */
  String line() throws IOException {
    String line = out.readLine();
    return line == null ? "" : line;
  }

  void tell(String line) throws IOException {
    streams
        .kept(0)
        .map(Descriptors::outputTo)
        .orElseThrow()
        .write((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  void kill() {
    Libc.kill(pid, Signal.KILL.number());
  }

  /** Returns once it is dead, of KILL. */
  void awaitKilled() {
    reaped = true;
    var how = Libc.waitFor(Platform.current(), pid, Platform.WAIT_EXITED);
    assertThat(how).isInstanceOf(Libc.Waited.Ended.class);
    assertThat(((Libc.Waited.Ended) how).status().signal()).hasValue(Signal.KILL.number());
  }

  /** Returns once it is dead, of whatever. */
  void awaitEndOrKill() {
    reaped = true;
    assertThat(Libc.waitFor(Platform.current(), pid, Platform.WAIT_EXITED))
        .isInstanceOf(Libc.Waited.Ended.class);
  }

  /** Returns once it has ended by itself, with 0. */
  void awaitEnd() {
    reaped = true;
    var how = Libc.waitFor(Platform.current(), pid, Platform.WAIT_EXITED);
    assertThat(((Libc.Waited.Ended) how).status().code()).hasValue(0);
  }

  /** The guardians of a containment by this name. */
  static List<ProcessTable.Entry> guardians(String id) {
    String prefix = Mark.of(id).prefix();
    return ProcessTable.all().stream()
        .filter(ProcessTable.Entry::isAlive)
        .filter(each -> {
          String line = KeepPattern.commandLine(each.pid());
          return line.contains("earshot-guardian") && line.contains(prefix);
        })
        .toList();
  }

  @Override
  public void close() {
    if (!reaped) {
      kill();
      Libc.waitFor(Platform.current(), pid, Platform.WAIT_EXITED);
    }
    streams.closeKept();
    Eventually.until(
        () -> "nobody is left of " + adopted(),
        () -> {
          adopted().stream()
              .filter(each -> !each.isAlive())
              .forEach(each ->
                  Libc.waitFor(
                      Platform.current(),
                      each.pid(),
                      Platform.WAIT_EXITED | Platform.WAIT_NO_HANG));
          return adopted().isEmpty();
        });
    Adoption.release();
  }

  /** Orphans are in other sessions than this process and its own children. */
  private static List<ProcessTable.Entry> adopted() {
    long session = ProcessTable.of(SELF).orElseThrow().session();
    return ProcessTable.all().stream()
        .filter(each -> each.parent() == SELF && each.session() != session)
        .toList();
  }
}
