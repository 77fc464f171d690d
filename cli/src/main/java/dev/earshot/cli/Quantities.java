package dev.earshot.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How users write amounts: {@code 250ms 5s 2m 1h}. */
final class Quantities {
  /** Longer than any run; keeps arithmetic on nanoseconds from overflowing. */
  static final Duration LONGEST = Duration.ofDays(365);

  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(?:\\.(\\d{1,3}))?(ms|s|m|h)");

  private Quantities() {}

  /** A duration of at most 365 days, or empty if the text is not one. A plain 0 is one, too. */
  static Optional<Duration> duration(String text) {
    if (text.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long unitNanos =
        switch (matcher.group(3)) {
          case "ms" -> 1_000_000L;
          case "s" -> 1_000_000_000L;
          case "m" -> 60_000_000_000L;
          default -> 3_600_000_000_000L;
        };
    Duration whole = Duration.ofNanos(unitNanos).multipliedBy(Long.parseLong(matcher.group(1)));
    Duration duration = whole.plus(fraction(matcher.group(2), unitNanos));
    return duration.compareTo(LONGEST) > 0 ? Optional.empty() : Optional.of(duration);
  }

  private static Duration fraction(String digits, long unitNanos) {
    if (digits == null) {
      return Duration.ZERO;
    }
    long thousandths = Long.parseLong((digits + "00").substring(0, 3));
    return Duration.ofNanos(unitNanos / 1000 * thousandths);
  }
}
