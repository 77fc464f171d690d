package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OwnSignalsTest {

  @Test
  void ourParentSeesADeathByTheSignal() throws Exception {
    for (Signal signal : new Signal[] {Signal.INT, Signal.TERM, Signal.HUP}) {
      var spec = CommandSpec.of((Shell.java(SignalMain.class) + " QUIT " + signal).split(" "));
      try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
        // An ignored QUIT prints no thread dump.
        assertThat(run.line()).isEqualTo("alive");
        assertThat(run.line()).isEmpty();
        var result = run.await();
        assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
        assertThat(result.signal()).hasValue(signal.number());
      }
    }
  }
}
