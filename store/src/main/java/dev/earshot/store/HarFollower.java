package dev.earshot.store;

import dev.earshot.session.SessionEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Adds exchanges to an archive as they end, on a thread of its own: nobody waits for the disk but
 * this. Whatever becomes of the disk, it tells once, and the session goes on.
 */
public final class HarFollower {
  /** So many go into the file with one write. */
  private static final int BATCH = 64;

  /** How long an end may wait to be noticed. */
  private static final Duration LOOK = Duration.ofMillis(50);

  /** What an end takes at most. */
  private static final Duration LAST = Duration.ofSeconds(2);

  /** Of that, what the last write gets to make the file whole once the time is over. */
  private static final Duration WHOLE = Duration.ofMillis(250);

  private final HarFile har;
  private final Path file;
  private final FinishedExchanges exchanges;
  private final Consumer<SessionEvent.Warning> tell;
  private final Thread thread;
  private volatile boolean ending;

  /** Given out to this, and not written. */
  private final AtomicLong lost = new AtomicLong();

  private volatile Optional<String> failure = Optional.empty();
  private volatile boolean told;

  /**
   * What became of it.
   *
   * @param entries that are in the file
   * @param missing exchanges that had ended and are not
   */
  public record Outcome(long entries, long missing) {}

  private HarFollower(
      HarFile har, Path file, FinishedExchanges exchanges, Consumer<SessionEvent.Warning> tell) {
    this.har = har;
    this.file = file;
    this.exchanges = exchanges;
    this.tell = tell;
    this.thread = Thread.ofPlatform().daemon().name("har").unstarted(this::follow);
  }

  /**
   * Begins.
   *
   * @param har is closed at the end
   * @param file what it is called in warnings
   * @param tell gets at most one warning
   */
  public static HarFollower start(
      HarFile har, Path file, FinishedExchanges exchanges, Consumer<SessionEvent.Warning> tell) {
    var follower = new HarFollower(har, file, exchanges, tell);
    follower.thread.start();
    return follower;
  }

  private void follow() {
    try (har) {
      boolean more = true;
      while (more) {
        // What ends after this look is there at the next one.
        boolean last = ending;
        List<HarRecord> next = exchanges.next(BATCH, last ? Duration.ZERO : LOOK);
        more = !next.isEmpty() || !last;
        add(next);
      }
    } catch (IOException e) {
      failed(e);
    } catch (UncheckedIOException e) {
      failed(new IOException(String.valueOf(e.getMessage()), e));
    } catch (InterruptedException e) {
      failed(new IOException("interrupted", e));
    } catch (RuntimeException e) {
      failed(new IOException(e.toString(), e));
    }
  }

  private void add(List<HarRecord> next) throws IOException {
    if (next.isEmpty()) {
      return;
    }
    long before = har.entries();
    try {
      har.add(next);
    } finally {
      lost.addAndGet(next.size() - (har.entries() - before));
    }
  }

  private void failed(IOException e) {
    String why = Optional.ofNullable(e.getMessage()).orElse(e.getClass().getSimpleName());
    failure = Optional.of(why);
    if (!ending) {
      told = true;
      tell.accept(
          new SessionEvent.Warning(
              "har_stopped",
              "cannot write %s any more: %s; entries in it: %d".formatted(file, why, har.entries()),
              Optional.of("make room, and after the session: " + export())));
    }
  }

  private String why(boolean inTime, boolean hangs) {
    if (hangs) {
      return "the disk does not answer";
    }
    String late = "there was no time left";
    return inTime ? failure.orElse(late) : late;
  }

  private String export() {
    return "earshot export -f har -o FILE";
  }

  /**
   * Writes what has ended by now, for two seconds at most, and closes the file, which is a whole
   * archive then; if the disk hangs, the file is left as it is. Says in a warning how many
   * exchanges are missing, unless a warning said already that it ends. To be called once.
   */
  public Outcome end() throws InterruptedException {
    ending = true;
    boolean inTime = thread.join(LAST.minus(WHOLE));
    if (!inTime) {
      har.abandon();
      thread.join(WHOLE);
    }
    boolean hangs = thread.isAlive();
    long missing = lost.get() + exchanges.waiting();
    if ((missing > 0 || hangs) && !told) {
      tell.accept(
          new SessionEvent.Warning(
              "har_incomplete",
              "exchanges missing in %2$s: %1$d, as %3$s"
                  .formatted(missing, file, why(inTime, hangs)),
              Optional.of("to get them all: " + export())));
    }
    return new Outcome(har.entries(), missing);
  }
}
