package dev.earshot.process;

import java.util.Locale;

/**
 * Why a command could not be started.
 *
 * @param stage what was being done
 * @param errno the error's number on this system; 0 if no call failed
 * @param errnoName its name, such as {@code ENOENT}
 * @param problem what is wrong, as one line
 * @param hint what to do about it, as one line; often empty
 * @param commandAbsent whether there is no such command at all
 */
public record StartFailure(
    Stage stage,
    int errno,
    String errnoName,
    String problem,
    String hint,
    boolean commandAbsent) {

  /** The steps of a start. */
  public enum Stage {
    /** Reading the arguments and variables. */
    ARGV,
    /** Entering the working directory. */
    CWD,
    /** Executing the file. */
    EXEC,
    /** Making a process. */
    LIMITS,
    /** Handing over the terminal. */
    TTY;

    /** The name in the event stream, in lower case. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
