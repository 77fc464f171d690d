package dev.earshot.process;

import java.util.Locale;

/** Why a command ended. */
public enum ExitReason {
  /** By itself, with any exit code. */
  NATURAL,
  /** Of a signal, or after a stop signal that it handled. */
  SIGNAL,
  /** Killed by this controller: the grace was over, or a kill was asked for. */
  FORCED_KILL,
  /** It could not be started; no process ever existed. */
  START_FAILED,
  /** The controller lost it: its status was taken by another waiter, or it could not be ended. */
  RUNTIME_ERROR;

  /** The name in the event stream: lower case, words joined by an underscore. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
