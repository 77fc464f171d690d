package dev.earshot.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Redaction;
import dev.earshot.session.SessionEvent;
import dev.earshot.testkit.Eventually;
import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exchanges are in the file soon after their end, and the end takes no longer than it may. */
class HarFollowerTest {
  @TempDir Path dir;

  private final Queue<SessionEvent.Warning> warnings = new ConcurrentLinkedQueue<>();

  /** Exchanges that a test has ended. */
  private static final class Given implements FinishedExchanges {
    private final LinkedBlockingQueue<HarRecord> queue = new LinkedBlockingQueue<>();
    private volatile boolean broken;

    @Override
    public List<HarRecord> next(int most, Duration wait) throws IOException, InterruptedException {
      HarRecord first = queue.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
      if (broken) {
        throw new IOException("the record is gone");
      }
      List<HarRecord> next = new ArrayList<>();
      if (first != null) {
        next.add(first);
        queue.drainTo(next, most - 1);
      }
      return next;
    }

    @Override
    public long waiting() {
      return queue.size();
    }
  }

  private final Given given = new Given();

  private Path path() {
    return dir.resolve("f.har");
  }

  private HarFollower follow() throws IOException {
    var channel = FileChannel.open(path(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    return HarFollower.start(
        HarFile.begin(channel, Redaction.CREDENTIALS), path(), given, warnings::add);
  }

  private static Exchange exchange(long id) {
    return Exchange.get("https://h.example/" + id).numbered(id).body("text/plain", "x");
  }

  private int entries() throws Exception {
    return Hars.read(Files.readString(path())).at("/log/entries").size();
  }

  @Test
  void whatEndsIsThereSoonAndWhatEndedByTheEndIsThereThen() throws Exception {
    var follower = follow();
    given.queue.add(exchange(1).record());
    Eventually.until("the first is there", () -> Files.readString(path()).contains("h.example/1"));
    for (int id = 2; id <= 200; id++) {
      given.queue.add(exchange(id).record());
    }
    assertThat(follower.end()).isEqualTo(new HarFollower.Outcome(200, 0));
    assertThat(entries()).isEqualTo(200);
    assertThat(warnings).isEmpty();
  }

  /** Its body never ends; nobody waits for more than two seconds. */
  @Test
  void itEndsInTimeAndTellsWhatIsMissing() throws Exception {
    var follower = follow();
    given.queue.add(exchange(1).record());
    Eventually.until("the first is there", () -> Files.readString(path()).contains("h.example/1"));
    var endless = exchange(2).record();
    given.queue.add(
        new HarRecord(
            endless.exchange(),
            List.of(),
            direction ->
                new FilterInputStream(endless.bodies().open(direction)) {
                  @Override
                  public int read(byte[] into, int offset, int length) {
                    into[offset] = 'x';
                    return 1;
                  }
                }));
    Eventually.until("it was taken", given.queue::isEmpty);
    for (int id = 3; id <= 102; id++) {
      given.queue.add(exchange(id).record());
    }
    long before = System.nanoTime();
    assertThat(follower.end()).isEqualTo(new HarFollower.Outcome(1, 101));
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofMillis(2_200));
    assertThat(entries()).isEqualTo(1);
    assertThat(warnings)
        .containsExactly(
            new SessionEvent.Warning(
                "har_incomplete",
                "exchanges missing in %s: 101, as there was no time left".formatted(path()),
                Optional.of("to get them all: earshot export -f har -o FILE")));
  }

  @Test
  void aRecordThatCannotBeReadIsToldOnce() throws Exception {
    var follower = follow();
    given.queue.add(exchange(1).record());
    Eventually.until("the first is there", () -> Files.readString(path()).contains("h.example/1"));
    given.broken = true;
    Eventually.until("it is told", () -> !warnings.isEmpty());
    assertThat(warnings.element().code()).isEqualTo("har_stopped");
    assertThat(warnings.element().text())
        .isEqualTo(
            "cannot write %s any more: the record is gone; entries in it: 1".formatted(path()));
    given.queue.add(exchange(2).record());
    assertThat(follower.end()).isEqualTo(new HarFollower.Outcome(1, 1));
    assertThat(warnings).hasSize(1);
    assertThat(entries()).isEqualTo(1);
  }
}
