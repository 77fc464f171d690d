package dev.earshot.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.session.CaptureView;
import dev.earshot.session.SessionEvent;
import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureWriterTest {
  @TempDir Path root;

  private Path file() {
    return root.resolve("capture.db");
  }

  private CaptureWriter writer(CaptureLimits limits) {
    return CaptureWriter.toFile(file(), Redaction.NONE, Feed.folders(root), limits);
  }

  private CaptureWriter writer() {
    return writer(CaptureLimits.DEFAULT);
  }

  private RecordedExchange read(long id) throws Exception {
    try (var reader = CaptureReader.open(file())) {
      return reader.exchange(id).orElseThrow();
    }
  }

  private byte[] body(long id, Direction direction) throws Exception {
    try (var reader = CaptureReader.open(file());
        var in = reader.bodies(id).open(direction)) {
      return in.readAllBytes();
    }
  }

  @Test
  void readsBackWhatItWasTold() throws Exception {
    var feed = Feed.started(writer());
    feed.request(
        1, "https://api.example.com/v1/items?page=2", "Host", "api.example.com", "x-A", "\u00e9:b");
    assertTrue(feed.body(1, Direction.UP, "ask"));
    feed.response(1, 201, "Content-Type", "text/plain", "Set-Cookie", "a=1", "Set-Cookie", "b=2");
    assertTrue(feed.body(1, Direction.DOWN, "ans"));
    assertTrue(feed.body(1, Direction.DOWN, "wer"));
    feed.traffic(
        new TrafficEvent.ExchangeFinished(
            1,
            201,
            Duration.ofMillis(12),
            3,
            6,
            OptionalLong.of(9),
            List.of(new Header("x-sum", "1")),
            Feed.TIMINGS,
            false));
    var closed = feed.finish().orElseThrow();

    assertEquals(
        new SessionEvent.CaptureClosed(Optional.of(file()), 1, 0, Optional.empty()), closed);
    var exchange = read(1);
    assertEquals("https://api.example.com/v1/items?page=2", exchange.url());
    assertEquals("api.example.com", exchange.host());
    assertEquals(Feed.CURL, exchange.client());
    assertEquals(7, exchange.connection());
    assertTrue(exchange.reused());
    assertEquals(
        Feed.headers("Host", "api.example.com", "x-A", "\u00e9:b"), exchange.request().headers());
    assertEquals("GET", exchange.request().method());
    assertEquals("/v1/items", exchange.request().target());
    var response = exchange.response().orElseThrow();
    assertEquals(201, response.head().status());
    assertEquals("Whatever", response.head().reason());
    assertEquals(3, response.head().headers().size());
    assertEquals("127.0.0.1:443", response.remote());
    assertEquals(Duration.ofMillis(3), response.sinceStart());
    assertEquals(
        new ExchangeEnd.Finished(
            Duration.ofMillis(12),
            OptionalLong.of(9),
            List.of(new Header("x-sum", "1")),
            Feed.TIMINGS),
        exchange.end());
    assertEquals(new Body(3, 3, BodyGap.NONE), exchange.requestBody());
    assertEquals(new Body(6, 6, BodyGap.NONE), exchange.responseBody());
    assertEquals("ask", new String(body(1, Direction.UP), UTF_8));
    assertEquals("answer", new String(body(1, Direction.DOWN), UTF_8));
  }

  @Test
  void makesNoFileBeforeTheProxyListens() {
    var feed = new Feed(writer());
    feed.tell(new SessionEvent.Starting(Feed.ID, "0.1.0", List.of("true"), "/"));
    assertEquals(Optional.empty(), feed.finish());
    assertFalse(Files.exists(file()));
  }

  @Test
  void aFileIsItsOwnersAloneAndNothingLiesBesideItAtTheEnd() throws Exception {
    var writer = writer();
    var feed = Feed.started(writer);
    feed.exchange(1, "{}");
    Eventually.until("the file is there", () -> writer.file().isPresent());
    for (String each : List.of("", "-wal", "-shm")) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(CaptureFile.beside(file(), each))));
    }
    feed.finish();
    try (var all = Files.list(root)) {
      assertEquals(List.of(file()), all.toList());
    }
  }

  @Test
  void goesOnInSightOfReaders() throws Exception {
    var writer = writer();
    var feed = Feed.started(writer);
    feed.request(1, "https://api.example.com/slow");
    Eventually.until("the file is there", () -> writer.file().isPresent());
    try (var one = CaptureReader.open(file());
        var other = CaptureReader.open(file())) {
      Eventually.until("it is pending", () -> one.exchange(1).isPresent());
      var pending = one.exchange(1).orElseThrow();
      assertEquals(new ExchangeEnd.Pending(), pending.end());
      assertEquals(Optional.empty(), pending.response());
      var first = other.changes(0, 10);
      assertEquals(List.of(1L), first.ids());
      assertEquals(List.of(), other.changes(first.number(), 10).ids());

      feed.response(1, 200, "Content-Type", "text/event-stream");
      assertTrue(feed.body(1, Direction.DOWN, "data: 1\n\n"));
      Eventually.until(
          "the response began", () -> one.exchange(1).orElseThrow().response().isPresent());
      assertEquals(List.of(1L), other.changes(first.number(), 10).ids());
      Eventually.until(
          "its body so far", () -> one.exchange(1).orElseThrow().responseBody().kept() == 9);
      try (var in = other.bodies(1).open(Direction.DOWN)) {
        assertEquals("data: 1\n\n", new String(in.readAllBytes(), UTF_8));
        assertTrue(feed.body(1, Direction.DOWN, "data: 2\n\n"));
        Eventually.until("what came later", () -> in.read() == 'd');
      }
      feed.finished(1, 0, 18);
      Eventually.until(
          "it ended", () -> other.exchange(1).orElseThrow().end() instanceof ExchangeEnd.Finished);
      assertEquals(CaptureFacts.State.LIVE, one.facts().state());
      feed.finish();
      assertEquals(CaptureFacts.State.ENDED, one.facts().state());
    }
    var exchange = read(1);
    assertEquals(new Body(18, 18, BodyGap.NONE), exchange.responseBody());
    assertEquals("data: 1\n\ndata: 2\n\n", new String(body(1, Direction.DOWN), UTF_8));
  }

  @Test
  void keepsLongBodiesInPiecesAndWhole() throws Exception {
    byte[] large = new byte[3 << 20];
    new Random(1).nextBytes(large);
    byte[] text = "the same again and again ".repeat(40_000).getBytes(UTF_8);
    var feed = Feed.started(writer());
    feed.request(1, "https://api.example.com/large");
    feed.response(1, 200, "Content-Type", "application/octet-stream");
    for (int at = 0; at < large.length; at += 10_000) {
      assertTrue(
          feed.body(
              1,
              Direction.DOWN,
              Arrays.copyOfRange(large, at, Math.min(large.length, at + 10_000))));
    }
    feed.finished(1, 0, large.length);
    feed.request(2, "https://api.example.com/text");
    feed.response(2, 200, "Content-Type", "text/plain");
    assertTrue(feed.body(2, Direction.DOWN, text));
    feed.finished(2, 0, text.length);
    feed.finish();
    assertArrayEquals(large, body(1, Direction.DOWN));
    assertArrayEquals(text, body(2, Direction.DOWN));
    assertTrue(Files.size(file()) < large.length + text.length / 2, "the text is compressed");
  }

  @Test
  void keepsEqualBodiesOnce() throws Exception {
    String json = "{\"a\":\"" + "x".repeat(900) + "\"}";
    var feed = Feed.started(writer());
    for (int id = 1; id <= 500; id++) {
      feed.exchange(id, json);
    }
    feed.finish();
    assertEquals("1", Sql.ask(file(), "SELECT count(*) FROM body"));
    assertEquals(json, new String(body(499, Direction.DOWN), UTF_8));
  }

  @Test
  void countsWhatIsLongerThanIsKept() throws Exception {
    var feed = Feed.started(writer());
    feed.request(1, "https://api.example.com/");
    feed.response(1, 200);
    assertTrue(feed.body(1, Direction.DOWN, "beginning"));
    feed.finished(1, 0, 1_000_000);
    feed.finish();
    assertEquals(new Body(1_000_000, 9, BodyGap.TRUNCATED), read(1).responseBody());
    assertEquals("64", Sql.ask(file(), "SELECT flags FROM exchange"));
  }

  @Test
  void recordsFailuresTunnelsMessagesAndNotices() throws Exception {
    var feed = Feed.started(writer());
    feed.request(1, "https://api.example.com/");
    feed.traffic(
        new TrafficEvent.ExchangeFailed(
            1, FailureKind.RESET, "connection reset", Duration.ofMillis(5), 0, 0));
    feed.traffic(
        new TrafficEvent.TunnelOpened(
            2, 9, Feed.CURL, "db.example.com:5432", TunnelReason.NOT_TLS));
    feed.traffic(new TrafficEvent.TunnelClosed(2, 10, 20));
    feed.traffic(
        new TrafficEvent.TunnelFailed(3, "gone.example.com", FailureKind.DNS, "no address"));
    feed.request(4, "wss://api.example.com/socket");
    feed.response(4, 101);
    var message = new Message(Direction.DOWN, MessageKind.WS_TEXT, 5, Optional.of("hello"), false);
    feed.traffic(new TrafficEvent.MessagePassed(4, message));
    feed.traffic(
        new TrafficEvent.ConnectionRefused(5, "malformed", "no method", OptionalLong.of(3)));
    feed.tell(new SessionEvent.Warning("bundle", "no bundle", Optional.of("install one")));
    feed.finish();

    assertEquals(
        new ExchangeEnd.Failed(Duration.ofMillis(5), FailureKind.RESET, "connection reset"),
        read(1).end());
    var tunnel = read(2);
    assertEquals(Optional.of(TunnelReason.NOT_TLS), tunnel.tunnel());
    assertEquals("db.example.com:5432", tunnel.url());
    assertEquals("CONNECT", tunnel.request().method());
    assertEquals(10, tunnel.requestBody().bytes());
    assertEquals(20, tunnel.responseBody().bytes());
    assertTrue(tunnel.end() instanceof ExchangeEnd.Finished);
    assertEquals(
        new ExchangeEnd.Failed(Duration.ZERO, FailureKind.DNS, "no address"), read(3).end());
    assertEquals(new ExchangeEnd.Pending(), read(4).end());
    try (var reader = CaptureReader.open(file())) {
      assertEquals(message, reader.messages(4, 0, 10).getFirst().message());
      assertEquals(List.of(), reader.messages(4, 1, 10));
      assertEquals(4, reader.count());
      var facts = reader.facts();
      assertEquals(CaptureFacts.State.ENDED, facts.state());
      assertEquals(OptionalInt.of(3), facts.exitCode());
      assertEquals(Optional.of("process_exited"), facts.cause());
      assertEquals(2, facts.failed());
      assertEquals(List.of("curl", "https://api.example.com/"), facts.command());
      assertEquals(List.of(4L, 3L), ids(reader.exchanges(0, CaptureView.Order.NEWEST_FIRST, 2)));
      assertEquals(List.of(2L, 1L), ids(reader.exchanges(3, CaptureView.Order.NEWEST_FIRST, 9)));
      assertEquals(List.of(3L, 4L), ids(reader.exchanges(2, CaptureView.Order.OLDEST_FIRST, 9)));
    }
    assertEquals(
        "refused|malformed\nwarning|bundle",
        Sql.ask(file(), "SELECT kind, code FROM notice ORDER BY id"));
  }

  private static List<Long> ids(List<RecordedExchange> exchanges) {
    return exchanges.stream().map(RecordedExchange::id).toList();
  }

  @Test
  void givesBodiesUpWhenTooMuchOfThemWaits() throws Exception {
    var small =
        new CaptureLimits(
            1 << 20,
            1000,
            1 << 20,
            1 << 20,
            1 << 18,
            1 << 20,
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(2));
    var feed = Feed.started(writer(small));
    feed.request(1, "https://api.example.com/");
    feed.response(1, 200);
    assertTrue(feed.body(1, Direction.DOWN, new byte[500]));
    assertFalse(feed.body(1, Direction.DOWN, new byte[5000]));
    feed.finished(1, 0, 5500);
    var closed = feed.finish().orElseThrow();
    assertEquals(1, closed.bodiesGivenUp());
    assertEquals(new Body(5500, 500, BodyGap.GIVEN_UP), read(1).responseBody());
  }

  @Test
  void saysWhyItCannotBegin() throws Exception {
    Files.writeString(file(), "mine");
    var writer = writer();
    var feed = Feed.started(writer);
    var warning = (SessionEvent.Warning) feed.warnings.take();
    assertEquals("capture_off", warning.code());
    assertTrue(warning.text().contains("is there"), warning.text());
    assertEquals(0, writer.bodyLimit());
    feed.exchange(1, "{}");
    var closed = feed.finish().orElseThrow();
    assertEquals(Optional.empty(), closed.file());
    assertTrue(closed.error().isPresent());
    assertEquals("mine", Files.readString(file()));
    assertTrue(feed.warnings.isEmpty());
  }

  @Test
  void noticesThatItsFileIsGone() throws Exception {
    var writer = writer();
    var feed = Feed.started(writer);
    Eventually.until("the file is there", () -> writer.file().isPresent());
    Files.delete(file());
    var closed = feed.finish().orElseThrow();
    assertTrue(closed.error().orElse("").contains("removed"), closed.toString());
    assertFalse(Files.exists(file()));
    for (String companion : CaptureFile.COMPANIONS) {
      assertFalse(Files.exists(CaptureFile.beside(file(), companion)), companion);
    }
  }

  @Test
  void isNotWrittenThroughASymbolicLink() throws Exception {
    Files.createSymbolicLink(file(), root.resolve("target"));
    var feed = Feed.started(writer());
    assertEquals("capture_off", ((SessionEvent.Warning) feed.warnings.take()).code());
    feed.finish();
    assertFalse(Files.exists(root.resolve("target")));
  }
}
