package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The terminal's settings after Earshot, whose command had changed them, was killed with KILL. */
class TerminalAfterKillIT {
  /**
   * Opens a terminal, runs {@code earshot} on it in the given way, kills that process when the
   * command has made the terminal raw, and tells whether the settings come back within 5 s.
   */
  private static final String TERMINAL =
      """
      import os, pty, sys, termios, time
      how, launcher = sys.argv[1], sys.argv[2]
      run = [launcher, 'run', '-q'] + (['--pty', 'always'] if how == 'pty' else [])
      run += ['--', 'sh', '-c', 'stty raw -echo; echo pid:$PPID:; exec sleep 15']
      child, terminal = pty.fork()
      if child == 0:
          if how == 'script':
              run = ['sh', '-c', '"$@"; read x'] + ['sh'] + run
          os.execvp(run[0], run)
      before, said = termios.tcgetattr(terminal), b''
      while said.count(b':') < 2:
          said += os.read(terminal, 1000)
      raw = not termios.tcgetattr(terminal)[3] & termios.ICANON
      os.kill(int(said.split(b':')[1]), 9)
      end = time.monotonic() + 5
      while termios.tcgetattr(terminal) != before and time.monotonic() < end:
          pass
      print('raw' if raw else 'never raw', termios.tcgetattr(terminal) == before)
      os.close(terminal)
      os.waitpid(child, 0)
      """;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"direct", "script", "pty"})
  void theSettingsAreThoseFromBefore(String how) throws Exception {
    var earshot = new Earshot(folder);
    assertThat(
            earshot.launchAndRead(
                List.of("python3", "-c", TERMINAL, how, Earshot.LAUNCHER.toString())))
        .isEqualTo("raw True\n");
  }

  @Test
  void aShellGoesOnAsItsUserIsUsedTo() throws Exception {
    var environment =
        Map.of(
            "HOME",
            folder.toString(),
            "PATH",
            System.getenv("PATH"),
            "EARSHOT_NO_BUILD",
            "1",
            "E",
            Earshot.LAUNCHER + " run -q --");
    try (var terminal = Tmux.open(folder, environment)) {
      terminal.line("stty -a > before; echo kept");
      terminal.await("^kept");
      terminal.line("$E sh -c 'stty raw -echo; kill -9 $PPID; exec sleep 15'");
      terminal.await("Killed");
      terminal.line("clear; stty -a > after; cmp before after && echo sa''me");
      terminal.await("^same");
      // Its line editor works: the key for the left edge, and one that deletes.
      terminal.keys("x", "C-a", "C-d");
      terminal.line("echo edited");
      terminal.await("^edited");
    }
  }
}
