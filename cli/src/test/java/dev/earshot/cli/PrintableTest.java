package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
  @Test
  void ordinaryTextStaysAsItIs() {
    assertThat(Printable.line("naïve 漢字 😀 'quoted'")).isEqualTo("naïve 漢字 😀 'quoted'");
  }

  @Test
  void escapesLineBreaksAndDirectionMarksBecomeVisible() {
    assertThat(Printable.line("a\u001b[31mb\u0007\r\n\u009b\u202e\u2066\u200f\u2028\ud800c"))
        .isEqualTo("a\ufffd[31mb" + "\ufffd".repeat(9) + "c");
  }

  @Test
  void aLineIsBounded() {
    assertThat(Printable.line("x".repeat(1_000_000))).hasSize(2_000);
  }
}
