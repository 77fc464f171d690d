package dev.earshot.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.session.SessionEvent;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskedCaptureTest {
  private static final String SECRET = "hunter2";
  private static final String JSON = "{\"password\":\"" + SECRET + "\",\"n\":1}";
  private static final String MASKED = "{\"password\":\"***\",\"n\":1}";

  @TempDir Path root;

  private Path file() {
    return root.resolve("capture.db");
  }

  private Feed feed() {
    return Feed.started(
        CaptureWriter.toFile(
            file(), Redaction.CREDENTIALS, Feed.folders(root), CaptureLimits.DEFAULT),
        List.of("curl", "--password", SECRET));
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

  private static void respond(Feed feed, long id, byte[] bytes, String... headers) {
    feed.request(id, "https://api.example.com/");
    feed.response(id, 200, headers);
    assertTrue(feed.body(id, Direction.DOWN, bytes));
    feed.finished(id, 0, bytes.length);
  }

  private static byte[] gzip(String text) throws Exception {
    var packed = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(packed)) {
      out.write(text.getBytes(UTF_8));
    }
    return packed.toByteArray();
  }

  @Test
  void noSecretIsInTheFileWhereverItWas() throws Exception {
    var feed = feed();
    feed.request(
        1,
        "https://user:" + SECRET + "@api.example.com/v1?token=" + SECRET,
        "Authorization",
        "Bearer " + SECRET,
        "Content-Type",
        "application/x-www-form-urlencoded");
    assertTrue(feed.body(1, Direction.UP, "user=joe&password=" + SECRET));
    feed.response(1, 200, "Set-Cookie", "sid=" + SECRET, "Content-Type", "application/json");
    assertTrue(feed.body(1, Direction.DOWN, JSON));
    feed.traffic(
        new TrafficEvent.MessagePassed(
            1,
            new Message(
                Direction.DOWN, MessageKind.WS_TEXT, 9, Optional.of("password=" + SECRET), false)));
    feed.traffic(
        new TrafficEvent.ExchangeFinished(
            1,
            200,
            Duration.ofMillis(1),
            ("user=joe&password=" + SECRET).length(),
            JSON.length(),
            OptionalLong.empty(),
            List.of(new Header("X-Api-Key", SECRET)),
            Feed.TIMINGS,
            false));
    feed.request(2, "https://api.example.com/");
    feed.traffic(
        new TrafficEvent.ExchangeFailed(
            2, FailureKind.RESET, "token=" + SECRET, Duration.ZERO, 0, 0));
    feed.traffic(
        new TrafficEvent.ConnectionRefused(
            3, "malformed", "password=" + SECRET, OptionalLong.empty()));
    feed.tell(
        new SessionEvent.Warning("x", "password=" + SECRET, Optional.of("password=" + SECRET)));
    feed.finish();
    assertFalse(new String(Files.readAllBytes(file()), UTF_8).contains(SECRET));
    assertEquals("1", Sql.ask(file(), "SELECT masked FROM session"));
    assertEquals(MASKED, new String(body(1, Direction.DOWN), UTF_8));
    assertEquals("user=joe&password=***", new String(body(1, Direction.UP), UTF_8));
  }

  @Test
  void aTextIsKeptDecodedAndItsHeadSaysSo() throws Exception {
    var feed = feed();
    byte[] packed = gzip(JSON);
    respond(feed, 1, packed, "Content-Type", "application/json", "Content-Encoding", "gzip");
    feed.finish();
    assertEquals(MASKED, new String(body(1, Direction.DOWN), UTF_8));
    var exchange = read(1);
    assertEquals(
        List.of(new Header("Content-Type", "application/json")),
        exchange.response().orElseThrow().head().headers());
    assertEquals(new Body(packed.length, MASKED.length(), BodyGap.NONE), exchange.responseBody());
  }

  @Test
  void picturesAreKeptAndWhatCannotBeLookedThroughIsNot() throws Exception {
    var feed = feed();
    byte[] binary = {0, 1, 2, (byte) 0xFF};
    respond(feed, 1, binary, "Content-Type", "image/png");
    respond(feed, 2, binary, "Content-Type", "application/octet-stream");
    respond(feed, 3, "<svg/>".getBytes(UTF_8), "Content-Type", "image/svg+xml");
    respond(feed, 4, gzip(JSON), "Content-Type", "application/json", "Content-Encoding", "x-own");
    respond(feed, 5, "x".repeat(300_000).getBytes(UTF_8), "Content-Type", "text/plain");
    respond(feed, 6, JSON.getBytes(UTF_8), "Content-Type", "multipart/form-data; boundary=b");
    respond(feed, 7, JSON.getBytes(UTF_8));
    // Cut off, it could end within a secret that is not known by its half.
    feed.request(8, "https://api.example.com/");
    feed.response(8, 200, "Content-Type", "text/plain");
    assertTrue(feed.body(8, Direction.DOWN, "eyJhbGciOi"));
    feed.finished(8, 0, 1000);
    feed.finish();
    assertArrayEquals(binary, body(1, Direction.DOWN));
    for (long dropped : List.of(2L, 4L, 5L, 6L, 8L)) {
      assertEquals(0, body(dropped, Direction.DOWN).length, "exchange " + dropped);
      assertEquals(BodyGap.MASKED, read(dropped).responseBody().gap(), "exchange " + dropped);
    }
    assertEquals("<svg/>", new String(body(3, Direction.DOWN), UTF_8));
    assertEquals(MASKED, new String(body(7, Direction.DOWN), UTF_8));
  }
}
