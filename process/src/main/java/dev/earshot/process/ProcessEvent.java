package dev.earshot.process;

import java.util.List;
import java.util.Locale;

/** A fact about a command, immutable and equal by value. */
public sealed interface ProcessEvent {

  /** It is about to be started. */
  record Starting(List<String> argv) implements ProcessEvent {
    public Starting {
      argv = List.copyOf(argv);
    }
  }

  /** It runs. */
  record Started(long pid, long pgid) implements ProcessEvent {}

  /** A signal was sent. */
  record Signaled(Signal signal, Target target, Why why) implements ProcessEvent {}

  /** The command itself ended, or could not be started. */
  record Exited(ProcessResult result) implements ProcessEvent {}

  /** Its whole group is gone, but for the survivors. Not told of a command that was not started. */
  record TreeGone(List<Long> killed, List<Survivor> survivors) implements ProcessEvent {
    public TreeGone {
      killed = List.copyOf(killed);
      survivors = List.copyOf(survivors);
    }
  }

  /** Who got a signal. */
  enum Target {
    /** The process group. */
    GROUP,
    /** Single processes, by pid. */
    DESCENDANTS;

    /** The name in the event stream, in lower case. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Why a signal was sent. */
  enum Why {
    /** A stop was asked for. */
    STOP,
    /** The grace was over, or a kill was asked for. */
    ESCALATION,
    /** It came to this process and was passed on. */
    FORWARDED,
    /** The command had ended and left others of its group behind. */
    LEFTOVER;

    /** The name in the event stream, in lower case. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
