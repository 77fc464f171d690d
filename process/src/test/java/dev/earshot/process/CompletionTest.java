package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The leader's end, the tree's end and the end of the output are three facts. */
class CompletionTest {

  @Test
  void theLeadersEndComesBeforeItsTrees() throws Exception {
    var script = "sh -c 'trap \"\" TERM; echo ready; exec sleep 15' & read _; exit 3";
    try (var run = Run.ready(script, Run.NEVER)) {
      var controller = run.controller();
      assertThat(controller.awaitExit(Run.NOW)).isEmpty();
      controller.stdin().orElseThrow().write('\n');
      assertThat(controller.awaitExit(Run.NEVER).orElseThrow().exitCode()).hasValue(3);
      assertThat(controller.await(Run.NOW)).isEmpty();
      assertThat(controller.awaitOutputClosed(Run.NOW)).isFalse();
      controller.killNow();
      assertThat(run.await().killed()).hasSize(1);
      assertThat(controller.awaitOutputClosed(Run.NEVER)).isTrue();
    }
  }

  @Test
  void aCommandThatCannotBeStartedHasEndedAsWell() throws Exception {
    try (var run = Run.of(CommandSpec.of("/none"), Run.policy(Run.NEVER))) {
      assertThat(run.controller().awaitExit(Run.NEVER).orElseThrow().reason())
          .isEqualTo(ExitReason.START_FAILED);
      assertThatThrownBy(() -> run.controller().awaitOutputClosed(Run.NEVER))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void theOutputCanBeHeldAfterTheTreeIsGone() throws Exception {
    var keep = List.of(new KeepPattern("*sleep 12"));
    try (var containment = Containment.open(Containment.Plan.of("held").keeping(keep));
        var run =
            Run.of(
                containment,
                Run.sh("setsid sh -c 'echo $$; exec sleep 12' & read _"),
                Run.policy(Run.NEVER))) {
      long kept = Long.parseLong(run.line());
      Eventually.until("it is itself", () -> KeepPattern.commandLine(kept).equals("sleep 12"));
      run.controller().stdin().orElseThrow().write('\n');
      assertThat(run.await().kept()).hasSize(1);
      assertThat(run.controller().awaitOutputClosed(Duration.ofMillis(1))).isFalse();
      Libc.kill(kept, Signal.KILL.number());
      assertThat(run.controller().awaitOutputClosed(Run.NEVER)).isTrue();
      assertThat(run.line()).isEmpty();
      Eventually.until("reaped", () -> ProcessTable.of(kept).isEmpty());
    }
  }

  @Test
  void afterTheCloseThereIsNoOutputToWaitFor() throws Exception {
    var run = Run.ready(Run.OBEDIENT, Run.NOW);
    run.close();
    assertThatThrownBy(() -> run.controller().awaitOutputClosed(Run.NOW))
        .isInstanceOf(IOException.class)
        .hasMessage("closed");
  }
}
