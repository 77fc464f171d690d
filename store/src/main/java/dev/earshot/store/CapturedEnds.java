package dev.earshot.store;

import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.session.CaptureView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The exchanges of a session as they end, read from the capture while it is written. Holds a page
 * of ids and a bit for each exchange.
 */
final class CapturedEnds implements FinishedExchanges, AutoCloseable {
  private static final int PAGE = 256;

  private final Supplier<Optional<Path>> file;
  private final Commits commits;
  private final AtomicLong ended = new AtomicLong();
  private final AtomicLong given = new AtomicLong();
  private final ArrayDeque<Long> waiting = new ArrayDeque<>(); // changed, and not looked at

  /** So that none is given twice, though it may change again after its end. */
  private final BitSet known = new BitSet();

  private @Nullable CaptureReader reader;
  private long changesSeen;

  /**
   * Follows a capture.
   *
   * @param file the capture, once there is one
   * @param commits to it
   */
  CapturedEnds(Supplier<Optional<Path>> file, Commits commits) {
    this.file = file;
    this.commits = commits;
  }

  /** Another exchange has ended; it will be found in the capture. Any thread may say so. */
  void oneEnded() {
    ended.incrementAndGet();
  }

  @Override
  public List<HarRecord> next(int most, Duration wait) throws IOException, InterruptedException {
    long before = commits.count();
    List<HarRecord> found = look(most);
    if (found.isEmpty() && wait.isPositive()) {
      commits.await(before, wait);
      found = look(most);
    }
    given.addAndGet(found.size());
    return found;
  }

  private List<HarRecord> look(int most) throws IOException {
    List<HarRecord> found = new ArrayList<>();
    CaptureReader open = reader();
    while (open != null && found.size() < most) {
      if (waiting.isEmpty()) {
        CaptureView.Changes changes = open.changes(changesSeen, PAGE);
        changesSeen = changes.number();
        waiting.addAll(changes.ids());
      }
      if (waiting.isEmpty()) {
        break;
      }
      List<Long> batch = new ArrayList<>();
      while (!waiting.isEmpty() && batch.size() < most - found.size()) {
        batch.add(waiting.remove());
      }
      batch.removeIf(id -> known.get(Math.toIntExact(id)));
      add(found, open, batch);
    }
    return found;
  }

  private void add(List<HarRecord> found, CaptureReader open, List<Long> ids) throws IOException {
    for (RecordedExchange exchange : open.exchanges(ids)) {
      if (!(exchange.end() instanceof ExchangeEnd.Pending)) {
        known.set(Math.toIntExact(exchange.id()));
        found.add(HarRecord.of(open, exchange));
      }
    }
  }

  private @Nullable CaptureReader reader() throws IOException {
    Optional<Path> made = file.get();
    if (reader == null && made.isPresent() && commits.count() > 0) {
      try {
        reader = CaptureReader.open(made.get());
      } catch (CaptureException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    return reader;
  }

  @Override
  public long waiting() {
    return Math.max(0, ended.get() - given.get());
  }

  @Override
  public void close() throws IOException {
    if (reader != null) {
      reader.close();
    }
  }
}
