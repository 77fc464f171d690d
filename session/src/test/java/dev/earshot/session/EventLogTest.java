package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EventLogTest {
  private static final long ROOM_FOR_TWO = 600;

  private final EventLog log = new EventLog();

  @Test
  void everySubscriptionGetsTheSameOrder() throws Exception {
    try (var first = log.subscribe();
        var second = log.subscribe()) {
      log.publish(failure(1));
      log.publish(new SessionEvent.Stopping(StopCause.API));
      log.publish(failure(2));
      log.publish(stopped());
      assertThat(all(first))
          .isEqualTo(all(second))
          .extracting(Stamped::sequence)
          .containsExactly(1L, 2L, 3L, 4L);
    }
  }

  @Test
  void aFullSubscriptionDropsTrafficAndCountsIt() throws Exception {
    try (var slow = log.subscribe(ROOM_FOR_TWO)) {
      for (int id = 1; id <= 10; id++) {
        log.publish(failure(id));
      }
      log.publish(stopped());
      assertThat(events(all(slow)))
          .containsExactly(failure(1), failure(2), new SessionEvent.Dropped(8), stopped());
      assertThat(log.dropped()).isEqualTo(8);
    }
  }

  @Test
  void lifecycleEventsFitWhereNothingElseDoes() throws Exception {
    try (var tiny = log.subscribe(0)) {
      log.publish(failure(1));
      log.publish(new SessionEvent.Stopping(StopCause.API));
      log.publish(stopped());
      assertThat(events(all(tiny)))
          .containsExactly(
              new SessionEvent.Dropped(1), new SessionEvent.Stopping(StopCause.API), stopped());
    }
  }

  @Test
  void roomThatWasMadeIsUsedAgain() throws Exception {
    try (var slow = log.subscribe(ROOM_FOR_TWO)) {
      for (int round = 0; round < 1_000; round++) {
        log.publish(failure(1));
        log.publish(failure(2));
        assertThat(slow.take()).isPresent();
        assertThat(slow.take()).isPresent();
      }
      assertThat(log.dropped()).isZero();
    }
  }

  @Test
  void afterTheLastEventNothingIsPublished() throws Exception {
    try (var events = log.subscribe()) {
      log.publish(stopped());
      log.publish(failure(1));
      log.publish(stopped());
      assertThat(events(all(events))).containsExactly(stopped());
    }
  }

  @Test
  void aSubscriptionToAClosedLogIsAtItsEnd() throws Exception {
    log.publish(stopped());
    try (var late = log.subscribe()) {
      assertThat(late.take()).isEmpty();
      assertThat(late.isDone()).isTrue();
    }
  }

  @Test
  void closingASubscriptionFreesItsReader() throws Exception {
    var events = log.subscribe();
    var reader = Thread.ofPlatform().start(() -> takeQuietly(events));
    Eventually.until("the reader waits", () -> reader.getState() == Thread.State.WAITING);
    events.close();
    reader.join();
    log.publish(failure(1));
    assertThat(events.poll(Duration.ZERO)).isEmpty();
  }

  private static void takeQuietly(Subscription events) {
    try {
      events.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static List<Stamped> all(Subscription subscription) throws InterruptedException {
    List<Stamped> events = new ArrayList<>();
    for (Optional<Stamped> next = subscription.take();
        next.isPresent();
        next = subscription.take()) {
      events.add(next.get());
    }
    return events;
  }

  static List<SessionEvent> events(List<Stamped> stamped) {
    return stamped.stream().map(Stamped::event).toList();
  }

  private static SessionEvent failure(long id) {
    return new SessionEvent.Traffic(
        1, new TrafficEvent.ExchangeFailed(id, FailureKind.RESET, "reset", Duration.ZERO, 0, 0));
  }

  private static SessionEvent stopped() {
    return new SessionEvent.Stopped(
        new SessionResult(
            StopCause.API,
            Optional.empty(),
            0,
            0,
            0,
            Bypass.Seen.NOTHING,
            0,
            new SessionResult.Forced(0, 0),
            new SessionResult.Phases(
                Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO),
            Optional.empty()));
  }
}
