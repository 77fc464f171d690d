package dev.earshot.process;

import java.util.Optional;

/**
 * This program and its command as one job of the shell above: the command has the terminal while it
 * is in the foreground, both stop together and go on together, and the terminal comes back. Made by
 * whoever starts the command; from {@link #take} on for its owner's thread, but for {@link
 * #handedOver}.
 */
final class JobControl implements AutoCloseable {
  private final Inbox inbox;
  private final Optional<Terminal> terminal;
  private final boolean handsOver;
  private volatile boolean handedOver;
  private long pid;
  private boolean stopForwarded;

  private JobControl(Inbox inbox, Optional<Terminal> terminal) {
    this.inbox = inbox;
    this.terminal = terminal;
    this.handsOver = terminal.filter(Terminal::handOverAtStart).isPresent();
  }

  /** With this process's terminal, if the command may have it and there is one. */
  static JobControl of(CommandSpec spec, Inbox inbox) {
    boolean wanted = spec.terminal() == TerminalUse.HAND_OVER;
    int lowest = Spawner.lowestOfOurs(spec.launch());
    return new JobControl(inbox, wanted ? Terminal.open(lowest) : Optional.empty());
  }

  /** What the command is to take the foreground of as it starts. */
  Optional<Integer> toTake() {
    return handsOver ? terminal.map(Terminal::descriptor) : Optional.empty();
  }

  /** The command runs. */
  void begin(long leader) {
    pid = leader;
    if (handsOver && !Spawner.childCanTakeTerminal()) {
      terminal.ifPresent(t -> t.giveTo(pid));
      // It may have wanted the terminal before it had it, and have been stopped for that.
      Libc.kill(-pid, Signal.CONT.number());
    }
    handedOver = handsOver;
  }

  /** From now on it is this thread that takes the terminal back. */
  void take() {
    terminal.ifPresent(Terminal::take);
  }

  /** Nothing runs: the child may have taken the terminal before its exec failed. */
  void notStarted() {
    if (handsOver) {
      terminal.ifPresent(Terminal::takeBack);
    }
  }

  /** Whether the command has the terminal. Any thread may ask. */
  boolean handedOver() {
    return handedOver;
  }

  /** Looks again: while we were stopped by others, the shell has taken the terminal. */
  boolean hasTerminal() {
    handedOver = handedOver && terminal.filter(Terminal::isBelowUs).isPresent();
    return handedOver;
  }

  /**
   * The command has ended, with the terminal if it {@link #hasTerminal}.
   *
   * @param exited it had the opportunity to leave the settings as it wanted to
   */
  void ended(boolean exited) {
    if (handedOver) {
      terminal.ifPresent(Terminal::takeBack);
      if (!exited) {
        terminal.ifPresent(Terminal::restoreSettings);
      }
      handedOver = false;
    }
  }

  /** The leader was stopped by this signal. */
  void stopped(int signal) {
    if (!isStopped()) {
      return;
    }
    if (stopForwarded) {
      stopTogether();
      return;
    }
    if (terminal.isEmpty()) {
      return;
    }
    boolean had = hasTerminal();
    switch (ForegroundRules.onStop(signal, had, terminal.get().isOurs())) {
      case LEAVE -> {}
      case HAND_OVER -> resume();
      case STOP_TOO -> {
        takeBackForNow();
        inbox.expectCont(true);
        boolean together = OwnSignals.stopGroup();
        if (!together) {
          inbox.expectCont(false);
        }
        // Continued without the terminal it wants, it would stop again at once, for ever.
        if (together || had) {
          resume();
        }
      }
    }
  }

  /**
   * CONT is about to be passed on to a command that runs: in the foreground it has the terminal.
   */
  void beforeContinuing() {
    if (!hasTerminal()) {
      terminal.filter(Terminal::handOverAtStart).ifPresent(this::handOver);
    }
  }

  /** CONT was passed on. */
  void continued() {
    stopForwarded = false;
  }

  /**
   * TSTP was passed on. The leader may have to put the terminal in order before it stops: that is
   * waited for.
   */
  void toStop(boolean running) {
    stopForwarded = true;
    if (!running || isStopped()) {
      stopTogether();
    }
  }

  /** This process alone was told to stop, so that it alone does, with the command. */
  private void stopTogether() {
    stopForwarded = false;
    takeBackForNow();
    inbox.expectCont(true);
    OwnSignals.stopProcess();
    resume();
  }

  private boolean isStopped() {
    return ProcessTable.of(pid).filter(each -> each.state() == 'T').isPresent();
  }

  private void takeBackForNow() {
    if (hasTerminal()) {
      terminal.ifPresent(Terminal::takeBackForNow);
      handedOver = false;
    }
  }

  private void resume() {
    terminal.filter(Terminal::isOurs).ifPresent(this::handOver);
    Libc.kill(-pid, Signal.CONT.number());
  }

  private void handOver(Terminal ours) {
    ours.giveTo(pid);
    handedOver = true;
  }

  @Override
  public void close() {
    terminal.ifPresent(Terminal::close);
  }
}
