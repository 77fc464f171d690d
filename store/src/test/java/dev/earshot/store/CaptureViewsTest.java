package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.TrafficEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/capture.md promises to people with the program sqlite3. */
class CaptureViewsTest {
  @TempDir Path root;

  @BeforeEach
  void write() {
    var feed =
        Feed.started(
            CaptureWriter.toFile(
                file(), Redaction.NONE, Feed.folders(root), CaptureLimits.DEFAULT));
    feed.exchange(1, "{}");
    feed.request(2, "https://api.example.com/v1/items?n=2", "Cookie", "a=b: c");
    feed.traffic(
        new TrafficEvent.ExchangeFailed(
            2, FailureKind.RESET, "connection reset", Duration.ofMillis(5), 0, 0));
    feed.traffic(
        new TrafficEvent.MessagePassed(
            1, new Message(Direction.UP, MessageKind.SSE, 2, Optional.of("hi"), false)));
    feed.request(3, "https://api.example.com/v1/items?n=3");
    feed.finish();
  }

  private Path file() {
    return root.resolve("capture.db");
  }

  private String ask(String sql) throws Exception {
    return Sql.ask(file(), sql);
  }

  @Test
  void callsHasEveryExchange() throws Exception {
    assertEquals(
        """
        1|1|GET|https://api.example.com/v1/items?n=1|200|12.0|0|2|application/json|curl|4711||finished
        2|1|GET|https://api.example.com/v1/items?n=2||5.0|0|0||curl|4711|reset|failed
        3|1|GET|https://api.example.com/v1/items?n=3|||0|0||curl|4711||pending\
        """,
        ask(
            "SELECT id, run, method, url, status, ms, request_bytes, response_bytes, type, process,"
                + " pid, error, state FROM calls"));
    assertTrue(
        ask("SELECT time FROM calls WHERE id = 1")
            .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}"));
  }

  @Test
  void headersHasARowForEachLine() throws Exception {
    assertEquals(
        """
        1|request|1|Host|api.example.com
        1|response|1|Content-Type|application/json; charset=utf-8
        1|response|2|X-Request-Id|r1
        2|request|1|Cookie|a=b: c\
        """,
        ask("SELECT * FROM headers ORDER BY exchange, side, number"));
    assertEquals(
        "1|r1",
        ask(
            "SELECT exchange, value FROM headers WHERE side = 'response' AND name LIKE"
                + " 'x-request-id'"));
  }

  @Test
  void theOthersHaveTheirs() throws Exception {
    assertEquals(
        "1|up|sse|2|0|hi",
        ask("SELECT exchange, direction, kind, bytes, truncated, text FROM messages"));
    assertEquals("2|reset|connection reset", ask("SELECT id, error, detail FROM errors"));
    assertEquals(
        "1|12.0|200||0.003\n2|5.0|||", ask("SELECT id, ms, status, dns_ms, tls_ms FROM slow"));
    assertTrue(
        ask("SELECT CAST (request AS TEXT) FROM head WHERE exchange = 1")
            .startsWith("GET /v1/items HTTP/1.1"));
    assertEquals("1164014195", ask("PRAGMA application_id"));
    assertEquals("1", ask("PRAGMA user_version"));
    assertEquals("ok", ask("PRAGMA integrity_check"));
  }

  @Test
  void whatFiltersAskIsFoundByAnIndex() throws Exception {
    assertTrue(plan("status >= 500").contains("exchange_status"), plan("status >= 500"));
    assertTrue(plan("host = 1").contains("exchange_host"));
    assertTrue(plan("error IS NOT NULL").contains("exchange_failed"));
    assertTrue(plan("duration IS NULL").contains("exchange_pending"));
    assertTrue(plan("flags <> 0 AND flags & 2").contains("exchange_flags"));
    assertTrue(plan("changed > 7 ORDER BY changed").contains("exchange_changed"));
  }

  private String plan(String condition) throws Exception {
    return ask("EXPLAIN QUERY PLAN SELECT id FROM exchange WHERE " + condition);
  }
}
