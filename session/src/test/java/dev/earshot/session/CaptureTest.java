package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a session gives to its record, and when that is closed. */
class CaptureTest {
  @TempDir Path folder;
  private final EventLog log = new EventLog();
  private final Subscription events = log.subscribe();
  private final Kept kept = new Kept();

  @Test
  void itGetsEveryEventAndTheBodiesAndIsClosedLast() throws Exception {
    try (var origin = ScriptedOrigin.start(CaptureTest::answer);
        var session =
            run("curl -s -o answer -d question http://127.0.0.1:%d/".formatted(origin.port()))) {
      SessionResult result = session.await();
      assertThat(result.exitCode()).isZero();
      List<Stamped> told = all();
      assertThat(told.subList(told.size() - 2, told.size()))
          .extracting(Stamped::event)
          .containsExactly(Kept.CLOSED, new SessionEvent.Stopped(result));
      assertThat(told.get(told.size() - 3).event()).isInstanceOf(SessionEvent.ProxyStopped.class);
      assertThat(kept.events).isEqualTo(told);
      assertThat(kept.events)
          .extracting(Stamped::sequence)
          .containsExactlyElementsOf(LongStream.rangeClosed(1, told.size()).boxed().toList());
      assertThat(kept.up).hasToString("question");
      assertThat(kept.down).hasToString("answer");
      assertThat(kept.finished.get().exitCode()).isEqualTo(result.exitCode());
      assertThat(kept.events)
          .extracting(Stamped::event)
          .filteredOn(SessionEvent.Traffic.class::isInstance)
          .extracting(event -> ((SessionEvent.Traffic) event).event())
          .filteredOn(TrafficEvent.ExchangeFinished.class::isInstance)
          .hasSize(1);
    }
  }

  private static void answer(ScriptedOrigin.Connection connection) throws IOException {
    connection.readHead();
    connection.read("question".length());
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer");
  }

  @Test
  void itIsClosedOnceWhenTheStartFails() throws Exception {
    var plan = SessionTest.plan(folder, "true", Duration.ofHours(1));
    var absent = plan.command().withDirectory(folder.resolve("absent").toString());
    var changed =
        new SessionPlan(
            absent,
            plan.stop(),
            plan.traffic(),
            plan.injection(),
            plan.folders(),
            plan.timeout(),
            plan.afterEnd(),
            plan.ownership());
    try (var session = Session.start(changed, log, Cancellation.root(), PtyUser.NONE, kept)) {
      assertThat(session.await().exitCode()).isEqualTo(125);
      assertThat(all())
          .extracting(Stamped::event)
          .filteredOn(SessionEvent.CaptureClosed.class::isInstance)
          .hasSize(1);
    }
  }

  private Session run(String script) throws Exception {
    return Session.start(
        SessionTest.plan(folder, script, Duration.ofHours(1)),
        log,
        Cancellation.root(),
        PtyUser.NONE,
        kept);
  }

  private List<Stamped> all() throws InterruptedException {
    List<Stamped> all = new ArrayList<>();
    while (!events.isDone()) {
      events.take().ifPresent(all::add);
    }
    return all;
  }

  /** Keeps all in memory. */
  private static final class Kept implements Capture {
    static final SessionEvent.CaptureClosed CLOSED =
        new SessionEvent.CaptureClosed(Optional.of(Path.of("/kept")), 1, 0, Optional.empty());

    final List<Stamped> events = Collections.synchronizedList(new ArrayList<>());
    final ByteArrayOutputStream up = new ByteArrayOutputStream();
    final ByteArrayOutputStream down = new ByteArrayOutputStream();
    final AtomicReference<SessionResult> finished = new AtomicReference<>();

    @Override
    public void begin(Consumer<SessionEvent> tell) {
      // Nothing ever goes wrong with it.
    }

    @Override
    public void event(Stamped event) {
      events.add(event);
    }

    @Override
    public boolean body(long exchange, Direction direction, ByteBuffer content) {
      byte[] bytes = new byte[content.remaining()];
      content.get(bytes);
      (direction == Direction.UP ? up : down).writeBytes(bytes);
      return true;
    }

    @Override
    public long bodyLimit() {
      return 1000;
    }

    @Override
    public boolean isCongested() {
      return false;
    }

    @Override
    public Optional<SessionEvent.CaptureClosed> finish(SessionResult result) {
      assertThat(finished.getAndSet(result)).isNull();
      return Optional.of(CLOSED);
    }
  }
}
