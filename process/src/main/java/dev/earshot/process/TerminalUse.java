package dev.earshot.process;

/** What a command has of the terminal. */
public enum TerminalUse {
  /** It runs in the background of the terminal, if there is one. */
  NONE,
  /**
   * While it runs, its process group is the foreground of the terminal, if this process is in the
   * foreground itself and nobody else of its job needs the terminal.
   */
  HAND_OVER
}
