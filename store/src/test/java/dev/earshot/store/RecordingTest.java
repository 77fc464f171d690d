package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.TrafficEvent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RecordingTest {
  private static final long MILLI = 1_000_000;
  private static final Instant AT = Instant.EPOCH;

  private final Recording recording =
      new Recording(CaptureLimits.DEFAULT, new Masking(Redaction.NONE));

  private void tell(long millis, TrafficEvent event) {
    recording.traffic(1, event, AT, millis * MILLI);
  }

  private static TrafficEvent started(long id) {
    return new TrafficEvent.ExchangeStarted(
        id,
        1,
        false,
        Feed.CURL,
        "https://h/",
        "h",
        new RequestHead("GET", "/", HttpVersion.HTTP_1_1, List.of()));
  }

  private static TrafficEvent responded(long id) {
    return new TrafficEvent.ResponseStarted(
        id,
        new ResponseHead(HttpVersion.HTTP_1_1, 200, "OK", List.of()),
        "127.0.0.1:1",
        Duration.ZERO);
  }

  private static TrafficEvent finished(long id) {
    return new TrafficEvent.ExchangeFinished(
        id, 200, Duration.ZERO, 0, 0, OptionalLong.empty(), List.of(), Feed.TIMINGS, false);
  }

  private void body(long id, int bytes) {
    recording.body(new Told.Piece(id, Direction.DOWN, ByteBuffer.allocate(bytes)));
  }

  /** What is due, as {@code 1 INSERT}; it counts as written, its pieces as well. */
  private List<String> due(long millis) {
    return recording.due(millis * MILLI).stream()
        .map(write -> {
          int held = write.exchange().held();
          if (write.exchange().hasPieces()) {
            write.exchange().body(Direction.DOWN).take();
          }
          recording.written(write.exchange(), held);
          return write.exchange().id() + " " + write.due();
        })
        .toList();
  }

  @Test
  void whatEndsSoonIsWrittenOnce() {
    tell(0, started(1));
    tell(1, responded(1));
    assertEquals(List.of(), due(50));
    tell(60, finished(1));
    assertEquals(List.of("1 INSERT"), due(60));
    assertEquals(List.of(), due(500));
    assertEquals(OptionalLong.empty(), recording.nextDue());
  }

  @Test
  void whatGoesOnIsWrittenAsPendingAndThenUpdated() {
    tell(0, started(1));
    assertEquals(OptionalLong.of(100 * MILLI), recording.nextDue());
    assertEquals(List.of(), due(99));
    assertEquals(List.of("1 INSERT"), due(100));
    assertEquals(List.of(), due(1000));
    tell(1000, responded(1));
    assertEquals(List.of("1 UPDATE"), due(1000));
    body(1, 10);
    assertEquals(List.of("1 UPDATE"), due(1050));
    tell(1100, finished(1));
    assertEquals(List.of("1 UPDATE"), due(1100));
    body(1, 10);
    assertEquals(List.of(), due(2000), "it is over");
  }

  @Test
  void aLargeBodyIsNotHeld() {
    tell(0, started(1));
    tell(0, responded(1));
    body(1, CaptureLimits.DEFAULT.held());
    assertEquals(List.of(), due(1));
    body(1, 1);
    assertEquals(List.of("1 INSERT"), due(2));
    assertEquals(0, recording.held());
  }

  @Test
  void manyBodiesAreNotHeldTogether() {
    for (int id = 1; id <= 60; id++) {
      tell(0, started(id));
      tell(0, responded(id));
      body(id, 200_000);
    }
    assertEquals(60, due(1).size());
    assertEquals(0, recording.held());
  }

  @Test
  void aMessageShowsItsExchangeAtOnce() {
    tell(0, started(1));
    tell(0, started(2));
    var message = new Message(Direction.UP, MessageKind.GRPC, 1, Optional.empty(), false);
    tell(1, new TrafficEvent.MessagePassed(1, message));
    assertEquals(List.of("1 INSERT"), due(1));
  }

  @Test
  void nothingIsHeldOfWhatHasEnded() {
    for (int id = 1; id <= 100; id++) {
      tell(0, started(id));
      tell(0, responded(id));
      body(id, 1000);
      tell(1, finished(id));
    }
    assertEquals(100_000, recording.held());
    assertEquals(100, due(1).size());
    assertEquals(0, recording.held());
    assertTrue(recording.nextDue().isEmpty());
  }

  @Test
  void anUrlIsDividedWhereItsPathBegins() {
    assertEquals(9, Recording.pathOf("https://h/x"));
    assertEquals(9, Recording.pathOf("https://h?x=/"));
    assertEquals(9, Recording.pathOf("https://h"));
    assertEquals(3, Recording.pathOf("h:1"));
  }
}
