package dev.earshot.session;

/** What became of asking for a restart. */
public sealed interface RestartAnswer {
  /**
   * It is on its way; only a stop can still come before it.
   *
   * @param run the number of the run that begins
   */
  record Accepted(int run) implements RestartAnswer {}

  /**
   * Nothing was done.
   *
   * @param why one line for the user: what cannot be done, why, what to try
   */
  record Refused(String why) implements RestartAnswer {}
}
