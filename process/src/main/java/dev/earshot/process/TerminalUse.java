package dev.earshot.process;

/** Whether the command may become the foreground job of this process's terminal. */
public enum TerminalUse {
  /** The terminal stays with this process. */
  NONE,
  /**
   * The command gets the terminal as a shell's foreground job does, if this process is in the
   * foreground itself; {@link ForegroundRules} says when. Where one of the two stops, so does the
   * other, as they are one job to the shell.
   */
  HAND_OVER
}
