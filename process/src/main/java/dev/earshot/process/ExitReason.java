package dev.earshot.process;

import java.util.Locale;

/** Why a command ended. */
public enum ExitReason {
  /** By itself, with any code. */
  NATURAL,
  /** A signal: someone else's, or within the grace the one that asked it to stop. */
  SIGNAL,
  /** KILL, sent by its controller. */
  FORCED_KILL,
  /** It never ran. */
  START_FAILED,
  /** Its controller lost it: someone else took its status, or KILL did not end it. */
  RUNTIME_ERROR;

  /** The name in the event stream: lower case, words joined by an underscore. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
