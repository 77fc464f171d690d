package dev.earshot.process;

import java.util.Set;

/** Who gets the terminal, decided from facts. */
final class ForegroundRules {
  private ForegroundRules() {}

  /**
   * Whether a command that starts gets the terminal. Not from the background, as a shell's job
   * would not; and not away from others of our pipeline, such as the pager in {@code earshot run --
   * cmd | less}: if someone shares our group who is not just waiting for us, only the end of the
   * pipeline that writes to the terminal takes it.
   *
   * @param foreground the group that has the terminal
   * @param ours our own group
   * @param others pids in our group, without us
   * @param ancestors pids of our parent, its parent and so on
   */
  static boolean handOverAtStart(
      long foreground, long ours, Set<Long> others, Set<Long> ancestors, boolean outputIsTerminal) {
    return foreground == ours && (outputIsTerminal || ancestors.containsAll(others));
  }

  /**
   * Whether the terminal is where a command that got it can have left it: with its own group, with
   * one of its descendants', or with one that is gone.
   *
   * @param foreground the group that has the terminal
   * @param ours our own group
   * @param above the groups of our parent, its parent and so on
   */
  static boolean isBelowUs(long foreground, long ours, Set<Long> above) {
    return foreground != ours && !above.contains(foreground);
  }

  /** What to do about a leader that stopped. */
  enum OnStop {
    /** Nothing: whoever stopped it continues it. */
    LEAVE,
    /** Give it the terminal it wants, and continue it. */
    HAND_OVER,
    /** Stop as well, as one job; when continued, continue it. */
    STOP_TOO
  }

  static OnStop onStop(int signal, boolean handedOver, boolean weAreForeground) {
    if (handedOver) {
      return OnStop.STOP_TOO;
    }
    if (signal == Signal.TTIN.number() || signal == Signal.TTOU.number()) {
      return weAreForeground ? OnStop.HAND_OVER : OnStop.STOP_TOO;
    }
    return OnStop.LEAVE;
  }
}
