package dev.earshot.process;

import java.util.Optional;

/**
 * What others tell the owner of a process. Bounded by construction: a request is noted once, and a
 * signal that is already waiting is not added again, as in the kernel. Telling never blocks.
 */
final class Inbox {
  /** One thing to act on. */
  sealed interface Message {
    record Stop() implements Message {}

    record Kill() implements Message {}

    record Forward(Signal signal) implements Message {}

    /** The leader was stopped by this signal. */
    record LeaderStopped(int signal) implements Message {}

    /** The leader ended, or its status was taken by someone else. */
    record LeaderEnded(Libc.Waited how) implements Message {}
  }

  private static final long STOPS =
      Signal.TSTP.bit() | Signal.TTIN.bit() | Signal.TTOU.bit() | Signal.STOP.bit();

  private final Runnable wake;
  private Optional<ProcessEvent.Why> stop = Optional.empty(); // as the others: guarded by this
  private boolean stopTaken;
  private boolean kill;
  private boolean killTaken;
  private long signals;
  private boolean nextContIsKnown;
  private int leaderStopped;
  private Optional<Libc.Waited> leaderEnded = Optional.empty();

  /** The runnable is called after each message; it must not block. */
  Inbox(Runnable wake) {
    this.wake = wake;
  }

  /** The first one says what the stop is for. */
  void stop(ProcessEvent.Why why) {
    synchronized (this) {
      stop = stop.or(() -> Optional.of(why));
    }
    wake.run();
  }

  void kill() {
    synchronized (this) {
      kill = true;
    }
    wake.run();
  }

  /**
   * The next CONT is the one that continues this process after a stop of the owner's, who passes it
   * on at once. Told again, maybe late, it would undo a stop that has come since: it is dropped.
   */
  synchronized void expectCont(boolean expected) {
    nextContIsKnown = expected;
  }

  void forward(Signal signal) {
    synchronized (this) {
      if (signal == Signal.CONT && nextContIsKnown) {
        nextContIsKnown = false;
        return;
      }
      // As in the kernel: a stop that is still waiting is dropped by CONT, and the other way round.
      switch (signal) {
        case CONT -> signals &= ~STOPS;
        case TSTP, TTIN, TTOU, STOP -> signals &= ~Signal.CONT.bit();
        default -> {}
      }
      signals |= signal.bit();
    }
    wake.run();
  }

  void leaderStopped(int signal) {
    synchronized (this) {
      leaderStopped = signal;
    }
    wake.run();
  }

  void leaderEnded(Libc.Waited how) {
    synchronized (this) {
      leaderEnded = Optional.of(how);
    }
    wake.run();
  }

  /** What the stop is for that was asked for. */
  synchronized Optional<ProcessEvent.Why> stopWhy() {
    return stop;
  }

  /** The next message; the leader's end comes first, because it makes others pointless. */
  synchronized Optional<Message> next() {
    if (leaderEnded.isPresent()) {
      var message = new Message.LeaderEnded(leaderEnded.get());
      leaderEnded = Optional.empty();
      return Optional.of(message);
    }
    if (kill && !killTaken) {
      killTaken = true;
      return Optional.of(new Message.Kill());
    }
    if (stop.isPresent() && !stopTaken) {
      stopTaken = true;
      return Optional.of(new Message.Stop());
    }
    if (leaderStopped != 0) {
      var message = new Message.LeaderStopped(leaderStopped);
      leaderStopped = 0;
      return Optional.of(message);
    }
    if (signals != 0) {
      int number = Long.numberOfTrailingZeros(signals) + 1;
      signals &= signals - 1;
      return Signal.ofNumber(number).map(Message.Forward::new);
    }
    return Optional.empty();
  }
}
