package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class EndRulesTest {
  private static final OptionalInt NONE = OptionalInt.empty();

  @Test
  void everyRowOfTheTable() {
    assertThat(end(exited(3), false, false)).isEqualTo(of(ExitReason.NATURAL, 3, 0, false));
    assertThat(end(died(11), false, false)).isEqualTo(of(ExitReason.SIGNAL, -1, 11, false));
    assertThat(end(died(9), false, false)).isEqualTo(of(ExitReason.SIGNAL, -1, 9, false));
    assertThat(end(died(15), true, false)).isEqualTo(of(ExitReason.SIGNAL, -1, 15, true));
    assertThat(end(died(11), true, false)).isEqualTo(of(ExitReason.SIGNAL, -1, 11, true));
    assertThat(end(died(9), true, false)).isEqualTo(of(ExitReason.SIGNAL, -1, 9, true));
    assertThat(end(exited(7), true, false)).isEqualTo(of(ExitReason.SIGNAL, 7, 15, true));
    assertThat(end(died(9), true, true)).isEqualTo(of(ExitReason.FORCED_KILL, -1, 9, true));
    assertThat(end(died(9), false, true)).isEqualTo(of(ExitReason.FORCED_KILL, -1, 9, true));
  }

  @Test
  void anEndThatWasFasterThanTheKillIsNotForced() {
    assertThat(end(exited(7), true, true)).isEqualTo(of(ExitReason.SIGNAL, 7, 15, true));
    assertThat(end(exited(0), false, true)).isEqualTo(of(ExitReason.NATURAL, 0, 0, false));
    assertThat(end(died(15), true, true)).isEqualTo(of(ExitReason.SIGNAL, -1, 15, true));
  }

  private static EndRules.End end(ChildStatus status, boolean asked, boolean killed) {
    return EndRules.of(status, asked, killed, Signal.TERM);
  }

  /** -1 is no code, 0 no signal. */
  private static EndRules.End of(ExitReason reason, int code, int signal, boolean requested) {
    return new EndRules.End(
        reason,
        code < 0 ? NONE : OptionalInt.of(code),
        signal == 0 ? NONE : OptionalInt.of(signal),
        requested);
  }

  private static ChildStatus exited(int code) {
    return new ChildStatus(OptionalInt.of(code), NONE, false, 0, 0, 0);
  }

  private static ChildStatus died(int signal) {
    return new ChildStatus(NONE, OptionalInt.of(signal), false, 0, 0, 0);
  }
}
