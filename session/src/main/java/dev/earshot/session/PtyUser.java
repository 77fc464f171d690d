package dev.earshot.session;

import dev.earshot.process.Pty;

/**
 * Who sits at the pseudo-terminal of a session's command: reads what it shows, and types. Called on
 * the session's own thread, which does nothing else meanwhile; an exception ends the session.
 */
public interface PtyUser {
  /** Nobody: a command that shows much stands still. */
  PtyUser NONE =
      new PtyUser() {
        @Override
        public void begin(Pty pty) {}

        @Override
        public void end() {}
      };

  /** A run has begun on this terminal. Must not wait. */
  void begin(Pty pty);

  /**
   * The run's processes are gone, and the terminal's output comes to its end; what is not read when
   * this returns is lost. May wait for whoever takes it, with a limit of its own.
   */
  void end() throws InterruptedException;
}
