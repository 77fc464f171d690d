package dev.earshot.exchange.filter;

/**
 * A text that can be looked at only so often: what a regular expression is matched against, as some
 * take exponential time. The number grows with the text, up to what takes about a second.
 */
final class CountedText implements CharSequence {
  private static final long LEAST_STEPS = 20_000;
  private static final long STEPS_PER_CHAR = 16;
  private static final long MOST_STEPS = 20_000_000;

  /** The text was looked at too often. */
  static final class TooManySteps extends RuntimeException {
    private static final long serialVersionUID = 1;

    private TooManySteps() {
      super("too many steps", null, false, false);
    }
  }

  private final CharSequence text;
  private long left;

  CountedText(CharSequence text) {
    this.text = text;
    this.left = Math.min(LEAST_STEPS + STEPS_PER_CHAR * text.length(), MOST_STEPS);
  }

  @Override
  public char charAt(int index) {
    if (--left < 0) {
      throw new TooManySteps();
    }
    return text.charAt(index);
  }

  @Override
  public int length() {
    return text.length();
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return text.subSequence(start, end);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
