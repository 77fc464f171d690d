package dev.earshot.session;

import java.time.Duration;

/**
 * How often something may be done that costs: so that it takes no more than 1 % of the time, once
 * it has taken 25 ms more than that. A value; each step gives the next.
 *
 * @param debt nanoseconds that it took beyond its share
 */
record Pace(long debt) {
  /** At the start, when nothing was done. */
  static final Pace START = new Pace(0);

  /** It is never done more often than that. */
  static final Duration SHORTEST = Duration.ofMillis(50);

  private static final long SHARE = 100;
  private static final long ALLOWANCE = Duration.ofMillis(25).toNanos();

  /**
   * It was done once more.
   *
   * @param cost how long it took, in nanoseconds
   * @param since how long ago it was done the last time
   */
  Pace after(long cost, long since) {
    return new Pace(Math.max(0, debt - since / SHARE) + cost);
  }

  /** How long to wait before the next time, in nanoseconds. */
  long pause() {
    return Math.max(SHORTEST.toNanos(), (debt - ALLOWANCE) * SHARE);
  }
}
