package dev.earshot.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How users write amounts: {@code 250ms 5s 2m 1h}. */
final class Quantities {
  /** Longer than any run; keeps arithmetic on nanoseconds from overflowing. */
  static final Duration LONGEST = Duration.ofDays(365);

  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(?:\\.(\\d{1,3}))?(ms|s|m|h)");

  private static final long LARGEST = 1L << 40;

  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,13})(?:\\.(\\d{1,3}))?(?:b|([kmgt])(?:i?b)?)?");

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

  /**
   * A size in bytes of at most 1 TiB, or empty if the text is not one: {@code 512}, {@code 64k},
   * {@code 1.5MiB}. Every unit is a power of 1,024.
   */
  static OptionalLong size(String text) {
    Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    String unit = matcher.group(3) == null ? "" : matcher.group(3);
    long factor = 1L << (unit.isEmpty() ? 0 : 10 * (1 + "kmgt".indexOf(unit.charAt(0))));
    long whole = Long.parseLong(matcher.group(1));
    if (whole > LARGEST / factor) {
      return OptionalLong.empty();
    }
    long size = whole * factor + thousandths(matcher.group(2)) * factor / 1000;
    return size > LARGEST ? OptionalLong.empty() : OptionalLong.of(size);
  }

  private static long thousandths(String digits) {
    return digits == null ? 0 : Long.parseLong((digits + "00").substring(0, 3));
  }

  private static Duration fraction(String digits, long unitNanos) {
    return Duration.ofNanos(unitNanos / 1000 * thousandths(digits));
  }
}
