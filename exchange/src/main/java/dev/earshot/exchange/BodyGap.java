package dev.earshot.exchange;

import java.util.Locale;

/** Why less of a body is kept than there was. */
public enum BodyGap {
  /** All of it is kept. */
  NONE,
  /** It was longer than what is kept of one body: the rest is missing at its end. */
  TRUNCATED,
  /** The disk could not keep up, or there was no memory for it: the rest is missing at its end. */
  GIVEN_UP,
  /** It could hold secrets and could not be looked through for them: nothing of it is kept. */
  MASKED;

  /** The name in a record: lower case, words joined by an underscore. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
