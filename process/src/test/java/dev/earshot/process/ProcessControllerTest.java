package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class ProcessControllerTest {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final Map<String, String> PATH = Map.of("PATH", "/usr/bin:/bin");

  private final List<ProcessEvent> events = new CopyOnWriteArrayList<>();

  @Test
  void anExitIsNatural() throws Exception {
    try (var run = start("exit 3")) {
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.exitCode()).hasValue(3);
      assertThat(result.requested()).isFalse();
      assertThat(events).hasSize(4);
    }
  }

  private ProcessController start(String script) {
    return ProcessController.start(
        CommandSpec.of(PATH, "sh", "-c", script),
        new StopPolicy(Signal.TERM, NEVER, NEVER),
        events::add);
  }
}
