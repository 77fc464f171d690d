package dev.earshot.process;

import java.time.Duration;

/**
 * How a command is stopped.
 *
 * @param stopSignal the first signal; KILL means no grace at all
 * @param grace from that signal to KILL, unless the whole group is gone before; at most 365 days
 * @param killWait from KILL to giving up on what is not gone; at most 365 days
 */
public record StopPolicy(Signal stopSignal, Duration grace, Duration killWait) {
  private static final Duration LONGEST = Duration.ofDays(365);

  /** TERM, 5 s of grace, 2 s to be gone after a KILL. */
  public static final StopPolicy DEFAULT =
      new StopPolicy(Signal.TERM, Duration.ofSeconds(5), Duration.ofSeconds(2));

  public StopPolicy {
    if (grace.isNegative() || grace.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("grace out of range: " + grace);
    }
    if (killWait.isNegative() || killWait.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("kill wait out of range: " + killWait);
    }
  }
}
