package dev.earshot.session;

/** What a session does once its command has ended by itself. */
public enum AfterEnd {
  /** It ends, too. */
  END_SESSION,
  /**
   * It stays: the proxy keeps serving, {@link Session#restart} runs the command again, and only a
   * stop ends the session. A command that Earshot has lost ends it all the same, as does one that
   * could not be started the first time.
   */
  STAY_OPEN
}
