package dev.earshot.process;

import dev.earshot.process.posix.Posix;

/** What signals do to this process itself, beside what a JVM can be told. */
public final class OwnSignals {
  private static final Posix POSIX = Posix.SYSTEM;

  private OwnSignals() {}

  /** Ignores a signal from now on; a command that is started has its default action again. */
  public static void ignore(Signal signal) {
    POSIX.ignore(signal.number());
  }

  /**
   * Ends this process by a signal, so that its parent sees that and not an exit code. Nothing is
   * run on the way: no shutdown hook, no finally.
   */
  public static void dieOf(Signal signal) {
    POSIX.setDefault(signal.number());
    POSIX.unblock(signal.number());
    POSIX.kill(ProcessHandle.current().pid(), signal.number());
    // Another thread may have taken the signal; the process ends in this very moment.
    Runtime.getRuntime().halt(128 + signal.number());
  }

  /** Stops this process until it gets CONT. */
  public static void stopOurselves() {
    POSIX.kill(ProcessHandle.current().pid(), Signal.STOP.number());
  }
}
