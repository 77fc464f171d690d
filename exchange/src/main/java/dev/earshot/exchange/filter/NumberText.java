package dev.earshot.exchange.filter;

import dev.earshot.exchange.Quantities;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** How the numbers of a filter are written. */
final class NumberText {
  private static final int MOST_DIGITS = 18;
  private static final int MOST_STATUS_DIGITS = 3;
  private static final int LEAST_STATUS = 100;
  private static final long NANOS_PER_MICRO = 1_000;
  private static final long MICROS_PER_SECOND = 1_000_000;

  private static final List<String> SIZE_UNITS = List.of("GiB", "MiB", "KiB");

  private NumberText() {}

  /** The comparison with this text; empty if it is no value of the field. */
  static Optional<Filter.Term> read(NumberField field, Comparison comparison, String text) {
    if (field == NumberField.STATUS && isClass(text)) {
      return comparison == Comparison.EQUAL
          ? Optional.of(new Filter.StatusClass(text.charAt(0) - '0'))
          : Optional.empty();
    }
    OptionalLong value =
        switch (field) {
          case STATUS -> status(comparison, text);
          case DURATION ->
              Quantities.duration(text)
                  .map(duration -> OptionalLong.of(duration.toNanos() / NANOS_PER_MICRO))
                  .orElse(OptionalLong.empty());
          case SIZE -> Quantities.size(text);
          case PID, RUN -> whole(text, MOST_DIGITS);
        };
    return value.isPresent()
        ? Optional.of(new Filter.Measure(field, comparison, value.getAsLong()))
        : Optional.empty();
  }

  private static boolean isClass(String text) {
    return text.length() == 3
        && text.charAt(0) >= '1'
        && text.charAt(0) <= '9'
        && text.substring(1).equalsIgnoreCase("xx");
  }

  private static OptionalLong status(Comparison comparison, String text) {
    OptionalLong status = whole(text, MOST_STATUS_DIGITS);
    boolean never =
        comparison == Comparison.EQUAL && status.isPresent() && status.getAsLong() < LEAST_STATUS;
    return never ? OptionalLong.empty() : status;
  }

  private static OptionalLong whole(String text, int mostDigits) {
    boolean digits = text.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits && !text.isEmpty() && text.length() <= mostDigits
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }

  /** What was probably meant by a text that is no value of the field. */
  static Optional<String> meantBy(NumberField field, Comparison comparison, String text) {
    if (field == NumberField.DURATION && whole(text, MOST_DIGITS).isPresent()) {
      return Optional.of(text + "ms");
    }
    boolean bound = comparison == Comparison.AT_LEAST || comparison == Comparison.LESS;
    if (field == NumberField.STATUS && isClass(text) && bound) {
      return Optional.of(text.charAt(0) + "00");
    }
    return Optional.empty();
  }

  /** What a value of the field is, for a message. */
  static String expected(NumberField field) {
    return switch (field) {
      case STATUS -> "a status, such as 404; a class of them is written status:4xx";
      case DURATION -> "a duration with its unit, up to 365 days, such as 250ms, 5s or 2m";
      case SIZE -> "a size up to 1TiB, such as 512, 64k or 1MiB";
      case PID -> "a process id";
      case RUN -> "the number of a run, such as 2";
    };
  }

  /** How a value of the field is written. */
  static String of(NumberField field, long value) {
    return switch (field) {
      case STATUS, PID, RUN -> Long.toString(value);
      case SIZE -> size(value);
      case DURATION -> duration(value);
    };
  }

  private static String size(long bytes) {
    long unit = 1L << 30;
    for (String name : SIZE_UNITS) {
      if (bytes > 0 && bytes % unit == 0) {
        return bytes / unit + name;
      }
      unit >>= 10;
    }
    return Long.toString(bytes);
  }

  private static String duration(long micros) {
    if (micros == 0) {
      return "0";
    }
    if (micros % MICROS_PER_SECOND == 0) {
      long seconds = micros / MICROS_PER_SECOND;
      return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }
    String millis = Long.toString(micros / 1000);
    long part = micros % 1000;
    return part == 0
        ? millis + "ms"
        : millis + "." + String.format(Locale.ROOT, "%03d", part) + "ms";
  }
}
