package dev.earshot.bench;

import java.util.Arrays;
import java.util.Locale;

/** Times of the same thing, in nanoseconds, as they come; not thread-safe. */
final class Samples {
  private static final double NANOS_PER_MICRO = 1e3;
  private static final double NANOS_PER_MILLI = 1e6;

  private long[] nanos = new long[64];
  private int count;

  void add(long time) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = time;
  }

  /** The smallest sample that at least this share of all does not exceed. */
  long quantile(double share) {
    if (count == 0) {
      throw new IllegalStateException("no samples");
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return sorted[Math.max(0, (int) Math.ceil(share * count) - 1)];
  }

  String micros() {
    return row(NANOS_PER_MICRO);
  }

  String millis() {
    return row(NANOS_PER_MILLI);
  }

  private String row(double unit) {
    return String.format(
        Locale.ROOT,
        "%9.1f %9.1f %9.1f %9.1f",
        quantile(0) / unit,
        quantile(0.5) / unit,
        quantile(0.9) / unit,
        quantile(1) / unit);
  }
}
