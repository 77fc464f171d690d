package dev.earshot.exchange.filter;

/** Whether an exchange matches a filter. */
public enum Verdict {
  MATCHES,
  DIFFERS,
  /** It was not found out: a regular expression took too many steps. Counts as no match. */
  GAVE_UP;

  /** Whether it does. */
  public boolean matches() {
    return this == MATCHES;
  }
}
