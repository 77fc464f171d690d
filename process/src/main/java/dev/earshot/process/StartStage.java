package dev.earshot.process;

import java.util.Locale;

/** What failed about a start. */
public enum StartStage {
  /** The arguments or the environment cannot be passed. */
  ARGV,
  /** The directory. */
  CWD,
  /** The command's file. */
  EXEC,
  /** A limit: processes, memory, descriptors. */
  LIMITS,
  /** The terminal could not be handed over, or made. */
  TTY;

  /** The name in the event stream. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
