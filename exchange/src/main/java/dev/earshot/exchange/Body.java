package dev.earshot.exchange;

/**
 * How much there was of a body, and how much of it is kept. What is kept is its beginning.
 *
 * @param bytes bytes on the wire: compressed or not, without the framing of chunks
 * @param kept bytes that are kept
 * @param gap why fewer are kept than there were
 */
public record Body(long bytes, long kept, BodyGap gap) {
  /** No body at all. */
  public static final Body EMPTY = new Body(0, 0, BodyGap.NONE);

  public Body {
    if (bytes < 0 || kept < 0) {
      throw new IllegalArgumentException("a body of " + bytes + " bytes, " + kept + " kept");
    }
  }

  /** Whether something of it is missing. */
  public boolean isCut() {
    return gap != BodyGap.NONE;
  }
}
