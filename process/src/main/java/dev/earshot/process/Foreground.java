package dev.earshot.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Outcome;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The controlling terminal of this process, as far as its foreground goes: who has it, giving it to
 * a command and taking it back, with the modes that each had. Used by one thread.
 */
final class Foreground implements AutoCloseable {
  private static final byte[] CONTROLLING_TERMINAL = "/dev/tty".getBytes(ISO_8859_1);

  private final Posix posix;
  private final int terminal;
  private final long ourGroup;
  private byte @Nullable [] ourModes;
  private byte @Nullable [] theirModes;

  private Foreground(Posix posix, int terminal) {
    this.posix = posix;
    this.terminal = terminal;
    this.ourGroup = posix.ownGroup();
  }

  /** The controlling terminal; empty if there is none. */
  static Optional<Foreground> open(Posix posix) {
    return switch (posix.openForUpdate(CONTROLLING_TERMINAL)) {
      case Outcome.Ok(int descriptor) -> {
        // Taking the terminal back is done from the background, where it would stop us.
        posix.ignore(Signal.TTOU.number());
        yield Optional.of(new Foreground(posix, descriptor));
      }
      case Outcome.Failed _ -> Optional.empty();
    };
  }

  /**
   * Whether a command should have the terminal from the start. In {@code earshot run -- cmd | less}
   * it is less that needs it.
   *
   * @param ours whether our group has the terminal
   * @param aloneInJob whether nobody but our ancestors shares our group
   * @param lastInJob whether our stdout is the terminal
   */
  static boolean shouldHandOver(boolean ours, boolean aloneInJob, boolean lastInJob) {
    return ours && (aloneInJob || lastInJob);
  }

  /** Whether a command that starts now should have the terminal. */
  boolean shouldHandOver() {
    return isOurs() && shouldHandOver(true, aloneInJob(), posix.isTerminal(1));
  }

  /** Whether our own group is in the foreground. */
  boolean isOurs() {
    return posix.foreground(terminal) instanceof Outcome.Ok(int group) && group == ourGroup;
  }

  /** The terminal's descriptor. */
  int descriptor() {
    return terminal;
  }

  /** Remembers the modes that the terminal has now as ours. */
  void rememberOurModes() {
    ourModes = posix.terminalModes(terminal).orElse(null);
  }

  /** Gives the terminal to a group, with the modes it had when it was stopped, if it was. */
  void handOver(long group) {
    rememberOurModes();
    if (theirModes != null) {
      posix.setTerminalModes(terminal, theirModes);
    }
    posix.setForeground(terminal, group);
  }

  /** Takes the terminal back from a stopped command, whose modes are remembered. */
  void takeBackFromStopped() {
    theirModes = posix.terminalModes(terminal).orElse(null);
    posix.setForeground(terminal, ourGroup);
    restoreOurModes();
  }

  /**
   * Takes the terminal back for good.
   *
   * @param restore whether to undo the modes that the command set, as one that was killed could not
   */
  void takeBack(boolean restore) {
    posix.setForeground(terminal, ourGroup);
    if (restore) {
      restoreOurModes();
    }
  }

  /** Stops our own group, so that the shell gets its prompt; false if nobody could resume it. */
  boolean stopOurJob() {
    if (new ProcessGroup(posix, ourGroup).isOrphaned()) {
      return false;
    }
    posix.kill(0, Signal.STOP.number());
    return true;
  }

  @Override
  public void close() {
    posix.close(terminal);
  }

  private void restoreOurModes() {
    if (ourModes != null) {
      posix.setTerminalModes(terminal, ourModes);
    }
  }

  private boolean aloneInJob() {
    Set<Long> known = new HashSet<>();
    Optional<ProcessHandle> next = Optional.of(ProcessHandle.current());
    while (next.isPresent()) {
      known.add(next.get().pid());
      next = next.get().parent();
    }
    List<ProcessGroup.Member> job = new ProcessGroup(posix, ourGroup).alive();
    return job.stream().allMatch(member -> known.contains(member.pid()));
  }
}
