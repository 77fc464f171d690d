package dev.earshot.session;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.Pty;
import dev.earshot.process.Redirect;
import dev.earshot.process.Stdio;
import dev.earshot.process.TerminalSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who sits at the command's terminal. */
class PtyUserTest {
  @TempDir Path folder;

  /** Types at the beginning and reads only at the end. */
  private static final class Patient implements PtyUser {
    private final List<String> calls = new ArrayList<>(); // the session's thread, then the test's
    private Optional<Pty> pty = Optional.empty();

    @Override
    public void begin(Pty begun) {
      pty = Optional.of(begun);
      calls.add("begin");
      try {
        begun.input().write("typed\n".getBytes(UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void end() {
      try {
        calls.add(new String(pty.orElseThrow().output().readAllBytes(), UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void itHasTheTerminalFromTheStartUntilAllIsRead() throws Exception {
    var user = new Patient();
    try (var session = start(user, Optional.of(new TerminalSize(70, 20)))) {
      assertThat(session.await().exitCode()).isEqualTo(4);
    }
    assertThat(user.calls).containsExactly("begin", "typed\r\ngot-typed\r\n20 70\r\n");
    assertThat(user.pty.orElseThrow().output().read()).isEqualTo(-1);
  }

  @Test
  void itIsNotAskedWithoutATerminal() throws Exception {
    var user = new Patient();
    try (var session = start(user, Optional.empty())) {
      session.await();
    }
    assertThat(user.calls).isEmpty();
  }

  private Session start(PtyUser user, Optional<TerminalSize> size) {
    var environment = Map.of("PATH", System.getenv("PATH"), "HOME", folder.toString());
    var plan = SessionPlan.of(environment, "sh", "-c", "read x; echo got-$x; stty size; exit 4");
    var nothing = new Redirect.Null();
    CommandSpec command = plan.command().withStdio(new Stdio(nothing, nothing, nothing));
    var onTerminal =
        new SessionPlan(
            size.map(command::withPty).orElse(command),
            plan.stop(),
            plan.traffic(),
            plan.injection(),
            plan.folders(),
            plan.timeout(),
            plan.afterEnd(),
            plan.ownership());
    return Session.start(onTerminal, new EventLog(), Cancellation.root(), user, Capture.NONE);
  }
}
