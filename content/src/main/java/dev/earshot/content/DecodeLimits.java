package dev.earshot.content;

/**
 * How far a body is decoded.
 *
 * @param bytes the most that is given out, in bytes
 * @param ratio the most that is given out for one byte of the body, over all of it so far; it
 *     counts once more than 1 MiB was given out
 */
public record DecodeLimits(long bytes, long ratio) {
  /** 16 MiB, and 1,000 to 1. */
  public static final DecodeLimits DEFAULT = new DecodeLimits(16L * 1024 * 1024, 1_000);

  /** Any size, as of a stream that may never end, and 1,000 to 1. */
  public static final DecodeLimits STREAM = new DecodeLimits(Long.MAX_VALUE, 1_000);

  static final long RATIO_FROM = 1024 * 1024;

  public DecodeLimits {
    if (bytes < 0 || ratio < 1) {
      throw new IllegalArgumentException("limits of %d bytes and %d:1".formatted(bytes, ratio));
    }
  }
}
