package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The command as the foreground job of a real terminal, below a real shell. */
class TerminalTest {
  private static final Pattern ENDED = Pattern.compile("ENDED [^\r\n]*(?=\r)");

  /** As stty shows it, not as it is typed. */
  private static final Pattern IXON = Pattern.compile("-?ixon ");

  private static final String CTRL_C = "\u0003";
  private static final String CTRL_Z = "\u001a";

  @Test
  void ctrlCBelongsToTheCommand() throws Exception {
    try (var shell = new Shell()) {
      shell.type("$EARSHOT sh -c 'echo rea''dy; read x'\n");
      shell.see("ready");
      shell.type(CTRL_C);
      assertThat(shell.see(ENDED))
          .isEqualTo("ENDED SIGNAL code=-1 signal=2 requested=false ours=true handedOver=false");
      shell.see("prompt> ");
    }
  }

  @Test
  void ctrlZStopsBothAndFgContinuesBoth() throws Exception {
    try (var shell = new Shell()) {
      // It says when it goes on, since before that a key could still be for the shell.
      var script = "trap \"echo go''ing\" CONT; echo rea''dy; until read x; do :; done";
      shell.type("$EARSHOT sh -c '" + script + "; echo got:$x; exit 4'\n");
      shell.see("ready");
      for (int i = 0; i < 3; i++) {
        shell.type(CTRL_Z);
        shell.see("Stopped");
        shell.see("prompt> ");
        shell.type("echo status=$?\n");
        shell.see("status=148");
        shell.type("fg\n");
        shell.see("going");
      }
      shell.type("hello\n");
      shell.see("got:hello");
      assertThat(shell.see(ENDED))
          .isEqualTo("ENDED NATURAL code=4 signal=-1 requested=false ours=true handedOver=false");
    }
  }

  @Test
  void theSettingsOfTheTerminalAreKeptApart() throws Exception {
    try (var shell = new Shell()) {
      shell.type("stty -ixon\n");
      shell.type("$EARSHOT sh -c 'stty ixon; echo rea''dy; read x; stty -a; kill -9 $$'\n");
      shell.see("ready");
      shell.type(CTRL_Z);
      shell.see("Stopped");
      shell.type("stty -a\n");
      assertThat(shell.see(IXON)).isEqualTo("-ixon ");
      shell.type("fg\n");
      shell.see("$EARSHOT");
      shell.type("\n");
      assertThat(shell.see(IXON)).isEqualTo("ixon ");
      assertThat(shell.see(ENDED)).contains("signal=9").contains("ours=true");
      shell.type("stty -a\n");
      assertThat(shell.see(IXON)).isEqualTo("-ixon ");
    }
  }

  @Test
  void aPagerBehindItKeepsTheTerminal() throws Exception {
    try (var shell = new Shell()) {
      shell.type(
          "$EARSHOT sh -c 'while echo u''p; do :; done'"
              + " | sh -c 'read x; echo $x; read key </dev/tty; echo key:$key'\n");
      shell.see("up");
      shell.type("k\n");
      shell.see("key:k");
      assertThat(shell.see(ENDED)).contains("signal=13").contains("ours=true");
    }
  }

  @Test
  void theEndOfAPipelineMayReadTheTerminal() throws Exception {
    try (var shell = new Shell()) {
      shell.type(
          "echo data | " + "$EARSHOT sh -c 'read x; echo got:$x; read y </dev/tty; echo tty:$y'\n");
      shell.see("got:data");
      shell.type("typed\n");
      shell.see("tty:typed");
      assertThat(shell.see(ENDED)).contains("code=0").contains("ours=true");
    }
  }

  @Test
  void inTheBackgroundItStopsWhenItReadsAndFgGivesItTheTerminal() throws Exception {
    try (var shell = new Shell()) {
      shell.type("$EARSHOT sh -c 'echo rea''dy; read x; echo got:$x' &\n");
      shell.see("ready");
      shell.type("\n");
      // The shell tells with its next prompt, which may come before the stop.
      shell.type("while ! jobs | grep Stop; do :; done; echo do''ne\n");
      shell.see("done");
      shell.type("fg\n");
      shell.see("$EARSHOT");
      shell.type("hi\n");
      shell.see("got:hi");
      assertThat(shell.see(ENDED)).contains("code=0").contains("ours=true");
    }
  }

  @Test
  void belowAScriptItGetsTheTerminalAndGivesItBack() throws Exception {
    try (var shell = new Shell()) {
      shell.type("sh -c \"$EARSHOT sh -c 'read x; echo got:\\$x'; read y; echo then:\\$y\"\n");
      shell.type("one\n");
      shell.see("got:one");
      shell.see(ENDED);
      shell.type("two\n");
      shell.see("then:two");
    }
  }

  @Test
  void aFailedStartLeavesTheTerminalWithUs() throws Exception {
    try (var shell = new Shell()) {
      shell.type("$EARSHOT /etc/passwd; read y; echo then:$y\n");
      assertThat(shell.see(ENDED)).contains("START_FAILED").contains("ours=true");
      shell.type("two\n");
      shell.see("then:two");
    }
  }
}
