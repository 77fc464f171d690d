package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PtyRelayTest {
  @Test
  void theEndOfTheInputIsOneKeyInAnEmptyLineAndTwoInAnother() {
    for (char empty : new char[] {'\n', '\r', '\u0004'}) {
      assertThat(PtyRelay.endAfter((byte) empty)).containsExactly(4);
    }
    for (char begun : new char[] {'x', ' ', '\0', '\u00ff'}) {
      assertThat(PtyRelay.endAfter((byte) begun)).containsExactly(4, 4);
    }
  }
}
