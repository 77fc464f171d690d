package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Redaction;
import dev.earshot.session.Capture;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes the capture of one session into a file, on one thread of its own. The file is made when
 * the proxy listens. Commits follow each other as long as something comes, with a small pause
 * between, so that a crash costs at most what came in the last quarter of a second.
 *
 * <p>If the file cannot be written, or is not for some seconds, the capture is turned off with one
 * warning; the session goes on.
 */
public final class CaptureWriter implements Capture {
  /** So much is written in one commit. */
  private static final long LARGEST_COMMIT = 8L << 20;

  private static final long NEVER = Duration.ofDays(1).toNanos();
  private static final long BETWEEN_LOOKS = Duration.ofSeconds(1).toNanos();

  private final Function<String, Path> place;
  private final Masking masking;
  private final SessionFolders folders;
  private final CaptureLimits limits;
  private final CaptureBuffer buffer;
  private final CountDownLatch done = new CountDownLatch(1);
  private final Commits commits = new Commits();
  private volatile Consumer<SessionEvent> tell = _ -> {};
  private volatile @Nullable Thread thread;
  private volatile @Nullable Path path;
  private volatile @Nullable String problem;
  private volatile @Nullable SessionResult result;
  private volatile long exchanges;
  private volatile long droppedBodies;

  private CaptureWriter(
      Function<String, Path> place,
      Redaction redaction,
      SessionFolders folders,
      CaptureLimits limits) {
    this.place = place;
    this.masking = new Masking(redaction);
    this.folders = folders;
    this.limits = limits;
    this.buffer = new CaptureBuffer(limits, System::nanoTime);
  }

  /** The owner's record, unmasked, in the folder of captures, under the session's id. */
  public static CaptureWriter inFolder(
      Path captures, SessionFolders folders, CaptureLimits limits) {
    return new CaptureWriter(id -> captures.resolve(id + ".db"), Redaction.NONE, folders, limits);
  }

  /** One that lives no longer than its session, in whose folder it is; unmasked. */
  public static CaptureWriter passing(SessionFolders folders, CaptureLimits limits) {
    return new CaptureWriter(folders::passingCapture, Redaction.NONE, folders, limits);
  }

  /**
   * A capture that the user asked for by name.
   *
   * @param redaction what is masked before it is written
   */
  public static CaptureWriter toFile(
      Path file, Redaction redaction, SessionFolders folders, CaptureLimits limits) {
    return new CaptureWriter(_ -> file, redaction, folders, limits);
  }

  /** Where the file is; empty before it is made, and if it could not be made. */
  public Optional<Path> file() {
    return Optional.ofNullable(path);
  }

  /** For who reads what was committed. */
  Commits commits() {
    return commits;
  }

  @Override
  public void begin(Consumer<SessionEvent> publish) {
    tell = publish;
  }

  @Override
  public void event(Stamped event) {
    if (buffer.offer(event) == CaptureBuffer.Offer.STALLED) {
      stalled();
    }
    if (event.event() instanceof SessionEvent.ProxyStarted && thread == null) {
      thread = Thread.ofPlatform().daemon().name("earshot-capture").start(this::own);
    }
  }

  @Override
  public boolean body(long exchange, Direction direction, ByteBuffer content) {
    return switch (buffer.offer(exchange, direction, content)) {
      case TAKEN -> true;
      case DECLINED -> false;
      case STALLED -> {
        stalled();
        yield false;
      }
    };
  }

  @Override
  public long bodyLimit() {
    return buffer.isOff() ? 0 : limits.body();
  }

  @Override
  public boolean isCongested() {
    return buffer.isCongested();
  }

  private void stalled() {
    // Whoever noticed it is publishing something itself just now.
    turnOff(
        "the disk does not keep up",
        warning -> Thread.startVirtualThread(() -> tell.accept(warning)));
  }

  private void turnOff(String why, Consumer<SessionEvent> how) {
    problem = why;
    if (buffer.turnOff()) {
      Path file = path;
      how.accept(
          new SessionEvent.Warning(
              "capture_off",
              file == null
                  ? "nothing is recorded: " + why
                  : "nothing more is recorded: cannot write %s: %s".formatted(file, why),
              Optional.of(
                  file == null
                      ? "name another file with --capture, or use --no-capture"
                      : "make room on that disk, or name a file on another with --capture")));
    }
  }

  /** The whole life of the writing thread. */
  private void own() {
    try {
      write();
    } catch (CaptureException e) {
      turnOff(String.valueOf(e.getMessage()), tell);
    } catch (SQLException | IOException e) {
      turnOff(Sqlite.why(e), tell);
    } catch (InterruptedException e) {
      turnOff("it was interrupted", tell);
    } catch (RuntimeException | Error defect) {
      turnOff("internal error: " + defect, tell);
    } finally {
      done.countDown();
    }
  }

  private void write() throws CaptureException, SQLException, IOException, InterruptedException {
    var before = new ArrayList<Told>(buffer.take(System.nanoTime(), System.nanoTime()));
    try (var file = CaptureFile.create(place.apply(id(before)));
        var batch = new CaptureBatch(file, masking, folders, limits)) {
      path = file.path();
      commit(batch, before);
      loop(file, batch);
    }
  }

  private static String id(List<Told> before) {
    for (Told told : before) {
      if (told instanceof Told.Event(var stamped, _)
          && stamped.event() instanceof SessionEvent.Starting starting) {
        return starting.id();
      }
    }
    throw new IllegalStateException("the session did not tell its start");
  }

  private void loop(CaptureFile file, CaptureBatch batch)
      throws SQLException, IOException, InterruptedException {
    long lastCommit = System.nanoTime();
    long lastLook = lastCommit;
    while (!buffer.isOff()) {
      boolean last = buffer.isFinishing();
      OptionalLong due = batch.nextDue();
      Queue<Told> told =
          buffer.take(lastCommit + limits.pace().toNanos(), due.orElse(System.nanoTime() + NEVER));
      lastCommit = System.nanoTime();
      writeAll(batch, told);
      if (lastCommit - lastLook > BETWEEN_LOOKS || last) {
        lastLook = lastCommit;
        if (!file.isThere()) {
          throw new IOException("the file was removed or replaced");
        }
      }
      var how = result;
      if (last && how != null) {
        batch.end(how, buffer.givenUp() + batch.droppedBodies());
        file.seal();
        return;
      }
    }
  }

  /** In commits of bounded size, at least one. */
  private void writeAll(CaptureBatch batch, Queue<Told> told) throws SQLException {
    do {
      List<Told> part = new ArrayList<>();
      long size = 0;
      while (!told.isEmpty() && size < LARGEST_COMMIT) {
        Told next = told.remove();
        size += next.weight();
        part.add(next);
      }
      commit(batch, part);
    } while (!told.isEmpty() && !buffer.isOff());
  }

  private void commit(CaptureBatch batch, List<Told> part) throws SQLException {
    batch.write(part, System.nanoTime(), buffer.isBehind());
    buffer.written(part);
    exchanges = batch.exchanges();
    droppedBodies = batch.droppedBodies();
    commits.add();
  }

  @Override
  public Optional<SessionEvent.CaptureClosed> finish(SessionResult how) {
    result = how;
    buffer.finish();
    if (thread == null) {
      buffer.turnOff();
      return Optional.empty();
    }
    if (!ended()) {
      problem = "the disk was too slow to write what was left";
      buffer.turnOff();
    }
    return Optional.of(
        new SessionEvent.CaptureClosed(
            file(), exchanges, buffer.givenUp() + droppedBodies, Optional.ofNullable(problem)));
  }

  /** Waits for the end; an interrupt is kept for the caller. */
  private boolean ended() {
    boolean interrupted = false;
    long deadline = System.nanoTime() + limits.finish().toNanos();
    try {
      while (true) {
        try {
          return done.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
