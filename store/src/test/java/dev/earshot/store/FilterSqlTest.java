package dev.earshot.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.exchange.filter.BodyText;
import dev.earshot.exchange.filter.Filter;
import dev.earshot.exchange.filter.FilterParser;
import dev.earshot.exchange.filter.Trait;
import dev.earshot.session.CaptureView.Order;
import dev.earshot.session.SessionEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A filter means the same to SQLite and in memory. */
class FilterSqlTest {
  private static final int EXPRESSIONS = Boolean.getBoolean("stress") ? 100_000 : 2_000;
  private static final int EXCHANGES = 200;

  private static final String[] HOSTS = {
    "api.example.com", "localhost:8080", "[::1]:3000", "cdn.example.com", "EXAMPLE.org:81", "h_%t"
  };
  private static final String[] PATHS = {
    "/",
    "/v1/customers?limit=3",
    "/v1/",
    "/V1/Orders",
    "/100%25_\\x",
    "/a?b#c/d",
    "",
    "?q=/v1",
    "/\u00e9t\u00e9",
    "/v1/customers/cus_4"
  };
  private static final String[] TYPES = {
    "application/json",
    "Application/Problem+JSON; charset=utf-8",
    "text/html",
    "text/event-stream",
    "application/grpc+proto",
    "",
    "image/png"
  };
  private static final String[] METHODS = {"GET", "POST", "get", "PURGE", "M-SEARCH"};
  private static final String[] BODIES = {
    "", "{\"name\":\"Zo\u00eb\"}", "first\nsecond", "aaaaaaaaaaaaaaaaaaaa!"
  };

  @TempDir Path root;
  private final Random random = new Random(20_261_125);
  private Path file;

  @BeforeEach
  void writeExchanges() throws Exception {
    file = root.resolve("capture.db");
    var writer =
        CaptureWriter.toFile(file, Redaction.NONE, Feed.folders(root), CaptureLimits.DEFAULT);
    var feed = Feed.started(writer);
    for (int id = 1; id <= EXCHANGES; id++) {
      write(feed, id);
    }
    feed.finish();
    try (var connection = Sqlite.open(file, Sqlite.Mode.WRITE, 2_000);
        var statement = connection.createStatement()) {
      statement.executeUpdate(
          "UPDATE exchange SET flags = flags | " + Flag.MARKED.bit() + " WHERE id % 5 = 0");
      statement.executeUpdate(
          "UPDATE exchange SET flags = flags | " + Flag.REPLAYED.bit() + " WHERE id % 7 = 0");
    }
  }

  private void write(Feed feed, long id) {
    var client = client();
    if (one(12)) {
      String host = pick(HOSTS);
      if (one(3)) {
        tell(feed, new TrafficEvent.TunnelFailed(id, host, FailureKind.CONNECT, "refused"));
        return;
      }
      tell(feed, new TrafficEvent.TunnelOpened(id, 1, client, host, TunnelReason.NOT_TLS));
      if (one(2)) {
        tell(feed, new TrafficEvent.TunnelClosed(id, number(5_000), number(5_000)));
      }
      return;
    }
    String host = pick(HOSTS);
    String path = pick(PATHS);
    String url = (one(2) ? "http" : "https") + "://" + host + path;
    List<Header> sent = new ArrayList<>(List.of(new Header("Host", host)));
    String method = pick(METHODS);
    HttpVersion version =
        one(3) ? HttpVersion.HTTP_1_0 : one(2) ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1;
    boolean webSocket = one(6);
    if (webSocket && version == HttpVersion.HTTP_2) {
      method = "CONNECT";
      sent.add(new Header(":protocol", "websocket"));
    } else if (webSocket) {
      sent.add(new Header("Upgrade", "WebSocket"));
    }
    if (one(3)) {
      sent.add(new Header("Accept", "application/json, */*"));
    }
    if (one(8)) {
      sent.add(new Header("content-type", pick(TYPES)));
    }
    tell(
        feed,
        new TrafficEvent.ExchangeStarted(
            id, 1, false, client, url, host, new RequestHead(method, path, version, sent)));
    String body = pick(BODIES);
    feed.body(id, Direction.UP, body);
    if (one(8)) {
      end(feed, id, 0, 0);
      return;
    }
    List<Header> came = new ArrayList<>();
    String type = pick(TYPES);
    if (!type.isEmpty()) {
      came.add(new Header("Content-Type", type));
    }
    if (one(2)) {
      came.add(new Header("X-Request-Id", "r-" + id));
    }
    int status = pick(200, 201, 204, 301, 404, 418, 500, 503);
    if (webSocket && one(2)) {
      status = 101;
      came.add(new Header("upgrade", "websocket"));
    }
    tell(
        feed,
        new TrafficEvent.ResponseStarted(
            id,
            new ResponseHead(HttpVersion.HTTP_1_1, status, "", came),
            "127.0.0.1:1",
            Duration.ofMillis(1)));
    String answer = pick(BODIES);
    feed.body(id, Direction.DOWN, answer);
    // Sometimes there was more than is kept.
    end(feed, id, Feed.bytes(body).length, Feed.bytes(answer).length + (one(5) ? 1_000 : 0));
  }

  private void end(Feed feed, long id, long requestBytes, long responseBytes) {
    Duration took = Duration.ofNanos(1_000_000L * pick(0, 1, 499, 500, 501, 2_000) + number(2_000));
    switch (random.nextInt(4)) {
      case 0 -> {
        // It is pending.
      }
      case 1 ->
          tell(
              feed,
              new TrafficEvent.ExchangeFailed(
                  id, FailureKind.RESET, "reset", took, requestBytes, responseBytes));
      default ->
          tell(
              feed,
              new TrafficEvent.ExchangeFinished(
                  id,
                  200,
                  took,
                  requestBytes,
                  responseBytes,
                  OptionalLong.empty(),
                  List.of(),
                  Feed.TIMINGS,
                  false));
    }
  }

  private void tell(Feed feed, TrafficEvent event) {
    feed.tell(new SessionEvent.Traffic(1 + random.nextInt(2), event));
  }

  private ClientProcess client() {
    return switch (random.nextInt(4)) {
      case 0 -> ClientProcess.UNKNOWN;
      case 1 -> new ClientProcess(OptionalLong.of(42), Optional.empty(), true);
      case 2 -> new ClientProcess(OptionalLong.of(42), Optional.of("node"), true);
      default -> new ClientProcess(OptionalLong.of(43), Optional.of("My \"app\"_%"), one(2));
    };
  }

  @Test
  void bothSayTheSameOfAnyExpression() throws Exception {
    try (var reader = CaptureReader.open(file)) {
      List<RecordedExchange> all = reader.exchanges(0, Order.OLDEST_FIRST, EXCHANGES + 1);
      assertThat(all).hasSize(EXCHANGES);
      assertThat(all.stream().filter(each -> each.end() instanceof ExchangeEnd.Pending).count())
          .isBetween(20L, 200L);
      Map<Long, BodyText> texts = new HashMap<>();
      for (RecordedExchange exchange : all) {
        var bodies = new CapturedText(exchange, reader.bodies(exchange.id()));
        String sent = bodies.of(Direction.UP).toString();
        String came = bodies.of(Direction.DOWN).toString();
        texts.put(exchange.id(), direction -> direction == Direction.UP ? sent : came);
      }
      int some = 0;
      for (int i = 0; i < EXPRESSIONS; i++) {
        String text = expression(3);
        Filter filter = parsed(text);
        List<Long> here = new ArrayList<>();
        for (RecordedExchange exchange : all) {
          if (filter.match(exchange, texts.getOrDefault(exchange.id(), BodyText.NONE)).matches()) {
            here.add(exchange.id());
          }
        }
        assertThat(ids(reader, filter)).as(text).isEqualTo(here);
        some += here.isEmpty() || here.size() == EXCHANGES ? 0 : 1;
      }
      assertThat(some).as("expressions that tell exchanges apart").isGreaterThan(EXPRESSIONS / 2);
    }
  }

  /** Each trait is of some exchanges and not of others, and each term alone agrees, too. */
  @Test
  void everyTraitTellsExchangesApart() throws Exception {
    try (var reader = CaptureReader.open(file)) {
      for (Trait trait : Trait.values()) {
        List<Long> are = ids(reader, parsed("is:" + trait.word()));
        assertThat(are).as(trait.word()).isNotEmpty().hasSizeLessThan(EXCHANGES);
        assertThat(ids(reader, parsed("-is:" + trait.word()))).hasSize(EXCHANGES - are.size());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "status>=400 -status:5xx method:p* (host:*.example.com | is:failed)",
        "-(type:json | process:node) pid:42 run:1 duration>500ms size<1k proto:h2",
        "example.com/v1 -customers host:/^api/ -type:/json/",
        ""
      })
  void theFileDecidesWhereItCan(String text) throws Exception {
    assertThat(sql(text).rest()).isEqualTo(Filter.everything());
  }

  @ParameterizedTest
  @CsvSource({
    "status:404 body:x, body:x",
    "/re/ status:404, /re/",
    "path:/v1/* method:get, path:/v1/*",
    "status:404 (header:a | api), header:a | api",
    "method:/g/, method:/g/",
    "a\u0001b, a\u0001b",
  })
  void theRestIsWhatItCannot(String text, String rest) throws Exception {
    FilterSql sql = sql(text);
    assertThat(sql.rest()).isEqualTo(parsed(rest));
    assertThat(sql.condition()).doesNotContain("re", "body:");
  }

  @Test
  void theBeginningOfAPathNarrows() throws Exception {
    FilterSql sql = sql("path:/v1_/*");
    assertThat(sql.condition()).contains("e.path LIKE ?");
    assertThat(sql.parameters()).containsExactly("/v1\\_/%");
  }

  @Test
  void conditionsAreBounded() throws Exception {
    try (var reader = CaptureReader.open(file)) {
      for (String text :
          List.of(
              "a ".repeat(2_000),
              "a|".repeat(2_000) + "a",
              "-(a|" + "b ".repeat(1_500) + ")",
              "\"" + "/".repeat(4_000) + "\"",
              "a/b/c/d/".repeat(400),
              "(".repeat(100) + "status:404" + ")".repeat(100),
              "(a|-(b ".repeat(40) + "c" + "))".repeat(40))) {
        Filter filter = parsed(text);
        FilterSql sql = sql(text);
        assertThat(sql.condition()).hasSizeLessThan(200_000);
        List<Long> here = new ArrayList<>();
        for (RecordedExchange exchange : reader.exchanges(0, Order.OLDEST_FIRST, EXCHANGES)) {
          if (filter.match(exchange, _ -> "").matches()) {
            here.add(exchange.id());
          }
        }
        assertThat(ids(reader, filter)).isEqualTo(here);
      }
    }
  }

  @Test
  void pagesGoBothWays() throws Exception {
    try (var reader = CaptureReader.open(file)) {
      Filter filter = parsed("status>=200 -body:nothing");
      List<Long> all = ids(reader, filter);
      List<Long> forth = new ArrayList<>();
      List<Long> back = new ArrayList<>();
      for (Order order : Order.values()) {
        List<Long> into = order == Order.OLDEST_FIRST ? forth : back;
        for (List<Long> page = page(reader, filter, 0, order);
            !page.isEmpty();
            page = page(reader, filter, into.getLast(), order)) {
          into.addAll(page);
        }
      }
      assertThat(forth).isEqualTo(all);
      assertThat(back.reversed()).isEqualTo(all);
    }
  }

  @Test
  void tellsHowManyAHostileExpressionLeftOut() throws Exception {
    try (var reader = CaptureReader.open(file)) {
      var page = reader.exchanges(parsed("body:/.*.*.*.*.*.*b/"), 0, Order.OLDEST_FIRST, EXCHANGES);
      assertThat(page.exchanges()).isEmpty();
      assertThat(page.gaveUp()).isPositive();
    }
  }

  private static List<Long> page(CaptureReader reader, Filter filter, long beyond, Order order)
      throws Exception {
    return reader.exchanges(filter, beyond, order, 7).exchanges().stream()
        .map(RecordedExchange::id)
        .toList();
  }

  private static List<Long> ids(CaptureReader reader, Filter filter) throws Exception {
    return reader.exchanges(filter, 0, Order.OLDEST_FIRST, EXCHANGES + 1).exchanges().stream()
        .map(RecordedExchange::id)
        .toList();
  }

  private FilterSql sql(String text) throws Exception {
    try (var connection = Sqlite.open(file, Sqlite.Mode.READ, 2_000)) {
      return FilterSql.of(parsed(text), FilterWords.read(connection));
    }
  }

  private static Filter parsed(String text) {
    return switch (FilterParser.parse(text)) {
      case FilterParser.Parsed(var filter) -> filter;
      case FilterParser.Wrong wrong -> throw new AssertionError(text + ": " + wrong.text());
    };
  }

  private String expression(int depth) {
    int parts = 1 + random.nextInt(3);
    List<String> terms = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      String sign = one(3) ? "-" : "";
      terms.add(depth > 0 && one(3) ? sign + "(" + expression(depth - 1) + ")" : sign + term());
    }
    return String.join(one(2) ? " " : " | ", terms);
  }

  private String term() {
    return switch (random.nextInt(18)) {
      case 0 -> "\"" + word() + "\"";
      case 1 -> "method:" + pick("get", "p*", "*e*", "\"GET\"", "m-*h", "/^g/", "_*", "connect");
      case 2 -> "status:" + pick("404", "2xx", "5xx", "101", "999");
      case 3 ->
          one(2)
              ? "status" + sign() + pick("101", "200", "404", "500")
              : pick("pid", "run") + sign() + pick("1", "2", "42", "43");
      case 4 ->
          "host:"
              + pick(
                  "*.example.com",
                  "localhost",
                  "*:8080",
                  "[::1]",
                  "example.org",
                  "h_*",
                  "h%t",
                  "/^api/",
                  "/\\d$/",
                  "*");
      case 5 ->
          "path:"
              + pick(
                  "/v1/*",
                  "/v1/",
                  "/v1/customers",
                  "*?limit=*",
                  "/",
                  "*",
                  "/a?b",
                  "/100%25*",
                  "*_\\x",
                  "/v\\d/",
                  "/\u00e9*",
                  "/\u00c9*",
                  "?q=*");
      case 6 ->
          "type:" + pick("json", "text", "text/*", "*/png", "/json$/", "*", "problem", "grpc", "_");
      case 7 ->
          "header:"
              + pick(
                  "accept",
                  "x-*",
                  "host=api",
                  "accept=json",
                  "/^x-/=/r-\\d*7/",
                  "content-type=p",
                  "upgrade",
                  "accept=*/*",
                  "nothing");
      case 8 -> "body:" + pick("zo\u00cb", "second", "/^first$/", "/(?m)^first$/", "x", "A!");
      case 9, 10 -> "duration" + sign() + pick("0", "500ms", "0.5s", "1ms", "0.001ms", "1m");
      case 11 -> "size" + sign() + pick("0", "10", "20", "1k", "1000", "1MiB");
      case 12 ->
          "process:" + pick("node", "NODE", "no*", "\"my \\\"app\\\"_%\"", "/app/", "*", "x");
      case 13 -> "proto:" + pick("h1", "h2", "http/1.0", "http/1.1");
      case 14 -> "/" + pick("v1", "^api", "cus_\\d", "(?i)orders", "\\?") + "/";
      case 15 -> "\"" + pick(HOSTS) + pick(PATHS).replace("\\", "\\\\") + "\"";
      default ->
          "is:" + pick(Arrays.stream(Trait.values()).map(Trait::word).toArray(String[]::new));
    };
  }

  /** A part of a URL. */
  private String word() {
    String url = "https://" + pick(HOSTS) + pick(PATHS);
    int from = random.nextInt(url.length());
    String part = url.substring(from, Math.min(url.length(), from + 1 + random.nextInt(12)));
    return (one(2) ? part.toUpperCase(Locale.ROOT) : part).replace("\\", "\\\\");
  }

  private String sign() {
    return pick(":", "=", "<", "<=", ">", ">=");
  }

  private boolean one(int of) {
    return random.nextInt(of) == 0;
  }

  private long number(int below) {
    return random.nextInt(below);
  }

  private String pick(String... of) {
    return of[random.nextInt(of.length)];
  }

  private int pick(int... of) {
    return of[random.nextInt(of.length)];
  }
}
