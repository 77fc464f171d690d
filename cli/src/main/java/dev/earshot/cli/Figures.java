package dev.earshot.cli;

import java.time.Duration;
import java.util.Locale;

/** Sizes and durations in at most six characters, for tables. */
final class Figures {
  private static final long STEP = 1024;
  private static final String UNITS = "kMGTPE";

  private Figures() {}

  /** Bytes: {@code 310b}, {@code 1.2k}, {@code 34M}; k is 1,024. */
  static String size(long bytes) {
    if (bytes < STEP) {
      return bytes + "b";
    }
    double value = bytes;
    int unit = -1;
    // 999.5 would be written as 1000.
    while (value >= 999.5) {
      value /= STEP;
      unit++;
    }
    return String.format(
        Locale.ROOT, value < 9.95 ? "%.1f%c" : "%.0f%c", value, UNITS.charAt(unit));
  }

  /** {@code 0.4ms}, {@code 38ms}, {@code 1.20s}, {@code 2m03s}, {@code 5h07m}. */
  static String time(Duration duration) {
    double millis = duration.toNanos() / 1e6;
    if (millis < 9.95) {
      return String.format(Locale.ROOT, "%.1fms", millis);
    }
    if (millis < 999.5) {
      return String.format(Locale.ROOT, "%.0fms", millis);
    }
    if (millis < 99_950) {
      return String.format(Locale.ROOT, millis < 9_995 ? "%.2fs" : "%.1fs", millis / 1000);
    }
    return duration.toHours() == 0
        ? "%dm%02ds".formatted(duration.toMinutes(), duration.toSecondsPart())
        : "%dh%02dm".formatted(duration.toHours(), duration.toMinutesPart());
  }
}
