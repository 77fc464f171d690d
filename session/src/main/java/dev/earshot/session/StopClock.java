package dev.earshot.session;

import dev.earshot.process.ProcessEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When the steps of a process's end came, in {@link System#nanoTime} terms: immutable, each event
 * makes the next one. Each run has a clock of its own.
 *
 * @param asked the first stop signal
 * @param exited the end of the command itself
 * @param killed the first kill
 * @param gone the end of the whole tree
 */
record StopClock(
    @Nullable Long asked, @Nullable Long exited, @Nullable Long killed, @Nullable Long gone) {
  static final StopClock NOTHING_YET = new StopClock(null, null, null, null);

  /** The clock after the event; only the first event of a kind counts. */
  StopClock after(ProcessEvent event, long now) {
    return switch (event) {
      case ProcessEvent.Signaled(_, _, var why) ->
          switch (why) {
            case STOP, RESTART, LEFTOVER -> new StopClock(first(asked, now), exited, killed, gone);
            case ESCALATION -> new StopClock(asked, exited, first(killed, now), gone);
            case FORWARDED -> this;
          };
      case ProcessEvent.Exited _ -> new StopClock(asked, first(exited, now), killed, gone);
      case ProcessEvent.TreeGone _ -> new StopClock(asked, exited, killed, first(gone, now));
      case ProcessEvent.Starting _, ProcessEvent.Started _ -> this;
    };
  }

  /** From the stop signal to the end of the command, or to the kill if that came first. */
  Duration terminate() {
    return asked == null ? Duration.ZERO : between(asked, earlier(exited, killed));
  }

  /** From the end of the command to the end of its tree, or to the kill if that came first. */
  Duration waitTree() {
    return exited == null ? Duration.ZERO : between(exited, earlier(gone, killed));
  }

  /** From the kill to the end of the tree. */
  Duration kill() {
    return killed == null ? Duration.ZERO : between(killed, gone);
  }

  private static long first(@Nullable Long known, long now) {
    return known == null ? now : known;
  }

  private static @Nullable Long earlier(@Nullable Long one, @Nullable Long other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one - other <= 0 ? one : other;
  }

  private static Duration between(long from, @Nullable Long to) {
    return to == null || to - from < 0 ? Duration.ZERO : Duration.ofNanos(to - from);
  }
}
