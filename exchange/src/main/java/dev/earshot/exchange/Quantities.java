package dev.earshot.exchange;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How users write amounts: {@code 250ms 5s 2m 1h}, {@code 512 64k 1.5MiB}. */
public final class Quantities {
  /** Longer than any run; keeps arithmetic on nanoseconds from overflowing. */
  public static final Duration LONGEST = Duration.ofDays(365);

  /** The largest size, 1 TiB: more than any body or disk has to do with. */
  public static final long LARGEST = 1L << 40;

  private static final Pattern DURATION =
      Pattern.compile("(\\d{1,12})(?:\\.(\\d{1,3}))?(ms|s|m|h)");

  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,13})(?:\\.(\\d{1,3}))?(b|[kmgt](?:i?b)?|)", Pattern.CASE_INSENSITIVE);

  private static final String SIZE_UNITS = "kmgt";

  private Quantities() {}

  /** A duration of at most 365 days, or empty if the text is not one. A plain 0 is one, too. */
  public static Optional<Duration> duration(String text) {
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
    Duration duration =
        whole.plus(Duration.ofNanos(unitNanos / 1000 * thousandths(matcher.group(2))));
    return duration.compareTo(LONGEST) > 0 ? Optional.empty() : Optional.of(duration);
  }

  /**
   * A number of bytes, at most 1 TiB, or empty if the text is not one. Units are powers of 1024,
   * without case: {@code b}, {@code k}, {@code kb}, {@code kib}, and the same with {@code m},
   * {@code g} and {@code t}. A part of a byte is dropped.
   */
  public static OptionalLong size(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    String unit = matcher.group(3).toLowerCase(Locale.ROOT);
    int power = unit.isEmpty() ? 0 : SIZE_UNITS.indexOf(unit.charAt(0)) + 1;
    if (power == 0 && matcher.group(2) != null) {
      return OptionalLong.empty();
    }
    long factor = 1L << (10 * power);
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
}
