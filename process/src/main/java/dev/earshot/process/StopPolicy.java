package dev.earshot.process;

import java.time.Duration;

/**
 * How a command is stopped. Immutable.
 *
 * @param stopSignal what it gets first; KILL leaves out the grace
 * @param grace how long its whole group may take to be gone after that; then it gets KILL
 * @param killWait how long the killed may take to be gone; what lives then is named as a survivor
 */
public record StopPolicy(Signal stopSignal, Duration grace, Duration killWait) {
  private static final Duration LONGEST = Duration.ofDays(365);

  public StopPolicy {
    if (grace.isNegative() || killWait.isNegative()) {
      throw new IllegalArgumentException("a wait cannot be negative");
    }
    if (grace.compareTo(LONGEST) > 0 || killWait.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("a wait is at most a year");
    }
  }

  /** TERM, 5 s of grace, 2 s for the killed. */
  public static StopPolicy standard() {
    return new StopPolicy(Signal.TERM, Duration.ofSeconds(5), Duration.ofSeconds(2));
  }

  /** The same with another grace. */
  public StopPolicy withGrace(Duration time) {
    return new StopPolicy(stopSignal, time, killWait);
  }

  /** The same with another first signal. */
  public StopPolicy withStopSignal(Signal first) {
    return new StopPolicy(first, grace, killWait);
  }
}
