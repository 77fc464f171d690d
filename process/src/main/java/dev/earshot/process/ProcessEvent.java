package dev.earshot.process;

import java.util.List;
import java.util.Locale;

/**
 * A fact about a command, in this order: {@link Starting}, {@link Started}, {@link Exited} and
 * {@link TreeGone}, each once, with {@link Signaled} anywhere after the second. A command that
 * could not be started has only {@link Starting} and {@link Exited}.
 */
public sealed interface ProcessEvent {

  /** The start is about to be tried. */
  record Starting(List<String> argv) implements ProcessEvent {
    public Starting {
      argv = List.copyOf(argv);
    }
  }

  /** The command runs, as the leader of a process group of its own. */
  record Started(long pid, long pgid) implements ProcessEvent {}

  /**
   * A signal was sent; one that asks to stop is followed by CONT, and KILL comes after STOP, which
   * is not told.
   */
  record Signaled(Signal signal, Target target, Why why) implements ProcessEvent {}

  /**
   * The command itself ended. In this result nobody is killed or has survived yet: {@link TreeGone}
   * tells.
   */
  record Exited(ProcessResult result) implements ProcessEvent {}

  /** Its tree is gone but for what may live on, or what is left of it has been given up. */
  record TreeGone(List<Long> killed, List<Survivor> survivors, List<Survivor> kept)
      implements ProcessEvent {
    public TreeGone {
      killed = List.copyOf(killed);
      survivors = List.copyOf(survivors);
      kept = List.copyOf(kept);
    }
  }

  /** Who got a signal. */
  enum Target {
    /** The process group of the command. */
    GROUP,
    /** Processes of its tree that are in no group of its own any more. */
    DESCENDANTS;

    /** The name in the event stream. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a signal was for. */
  enum Why {
    /** A stop was asked for. */
    STOP,
    /** A stop was asked for, because the command is to be started again. */
    RESTART,
    /** KILL: the grace was over, or it was to be skipped. */
    ESCALATION,
    /** It was sent to this process, or asked for by name. */
    FORWARDED,
    /** The command ended by itself and left processes behind. */
    LEFTOVER;

    /** The name in the event stream. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
