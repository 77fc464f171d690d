package dev.earshot.process;

import java.util.List;
import java.util.Optional;

/** What this process does with signals to itself. */
public final class OwnSignals {
  private static final int SHELL_SIGNAL_BASE = 128;

  private OwnSignals() {}

  /**
   * Ends this process by the signal, so that its parent sees a death by that signal; shutdown hooks
   * do not run. Does not return: should the signal not end it, it halts with 128 + its number.
   */
  public static void dieOf(Signal signal) {
    Libc.setDisposition(signal.number(), Platform.SIGNAL_DEFAULT);
    Libc.maskThread(Platform.MASK_UNBLOCK, signal.number());
    Libc.raise(signal.number());
    Runtime.getRuntime().halt(SHELL_SIGNAL_BASE + signal.number());
  }

  /**
   * Ignores the signal from now on, also where the JVM handled it. Commands started from here do
   * not inherit that.
   *
   * @throws IllegalArgumentException for KILL and STOP, which cannot be ignored, and for SEGV, BUS,
   *     FPE and ILL, without which a JVM does not work
   */
  public static void ignore(Signal signal) {
    switch (signal) {
      case KILL, STOP, SEGV, BUS, FPE, ILL ->
          throw new IllegalArgumentException("a JVM cannot ignore " + signal);
      default -> Libc.setDisposition(signal.number(), Platform.SIGNAL_IGNORE);
    }
  }

  /** Sends the signal to all others in this process's group, as a terminal would have. */
  public static void passOn(Signal signal) {
    long group = Libc.groupOf(0);
    long self = ProcessHandle.current().pid();
    ProcessTable.all().stream()
        .filter(each -> each.group() == group && each.pid() != self)
        .forEach(each -> Libc.kill(each.pid(), signal.number()));
  }

  /** Stops this process alone, until it gets CONT; returns once continued. */
  public static void stopProcess() {
    // To this thread, which so goes no further; one to the process may be taken by another thread.
    Libc.raise(Signal.STOP.number());
  }

  /**
   * Stops this process's group by TSTP with its default action, as Ctrl-Z does, and returns once
   * continued. Handlers of this process are not called. A group that no shell would continue is not
   * stopped.
   *
   * @return whether it was stopped
   */
  public static boolean stopGroup() {
    long group = Libc.groupOf(0);
    long self = ProcessHandle.current().pid();
    int number = Signal.TSTP.number();
    List<ProcessTable.Entry> all = ProcessTable.all();
    if (ProcessTable.isOrphaned(all, group)) {
      return false;
    }
    Optional<Libc.Disposition> before = Libc.disposition(number);
    Libc.setDisposition(number, Platform.SIGNAL_DEFAULT);
    Libc.maskThread(Platform.MASK_UNBLOCK, number);
    try {
      // One by one and this thread last: a signal to the whole group may be taken by another thread
      // of ours, now or only after the next lines.
      all.stream()
          .filter(each -> each.group() == group && each.pid() != self)
          .forEach(each -> Libc.kill(each.pid(), number));
      Libc.raise(number);
    } finally {
      before.ifPresent(known -> Libc.restoreDisposition(number, known));
    }
    return true;
  }
}
