package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * Runs a client without Earshot and with it. Its output, its exit code and what its origins saw
 * must be the same, and the event stream must tell of each call what the origins know of it.
 */
final class BothWays {
  /** A connection's own, or random in each run. */
  private static final Set<String> NOT_COMPARED =
      Set.of("connection", "proxy-connection", "keep-alive", "sec-websocket-key");

  /** Rounding, in milliseconds, of what is added up. */
  private static final double SLACK = 1.0;

  private final Lab lab;
  private final Earshot alone;
  private final Earshot heard;
  private final Path authority;
  private final Path stream;

  BothWays(Lab lab) throws Exception {
    this.lab = lab;
    this.alone = new Earshot(lab.folder());
    this.heard = new Earshot(lab.folder());
    this.authority = alone.trust(lab.ca());
    this.stream = lab.folder().resolve("events.ndjson");
  }

  /**
   * What was told through Earshot.
   *
   * @param events all lines
   * @param seen what the origins saw
   */
  record Told(Events events, List<JsonNode> seen) {}

  /** Runs the case both ways and compares. */
  Told same(Case each) throws Exception {
    lab.forget();
    List<String> command = List.of("sh", "-c", lab.fill(each.script()));
    lab.emptyTmp();
    Earshot.Finished expected;
    try (var running = alone.launch(command)) {
      running.stdin().close();
      expected = running.finish();
    }
    String told = "without Earshot: " + expected.stderr() + expected.out();
    assertThat(expected.status()).as(told).isZero();
    List<JsonNode> asked = lab.seen(each.calls());
    assertThat(asked).as(told).hasSize(each.calls());
    assertThat(asked).allMatch(one -> version(one).equals(expected(one, each.client())));

    lab.emptyTmp();
    List<String> line = new ArrayList<>();
    line.addAll(List.of("run", "-q", "-e", stream.toString(), "--upstream-ca", "" + authority));
    line.add("--");
    line.addAll(command);
    Earshot.Finished run = heard.run(line.toArray(String[]::new));
    assertThat(run.out()).as(run.stderr()).isEqualTo(expected.out());
    assertThat(run.stdout()).isEqualTo(expected.stdout());
    assertThat(run.status()).isZero();
    assertThat(run.withoutNotices()).isEqualTo(expected.withoutNotices());
    List<JsonNode> seen = lab.seen(each.calls());
    assertThat(compared(seen)).isEqualTo(compared(asked));
    assertThat(seen).allMatch(one -> version(one).equals(expected(one, each.upstream())));

    Events events = Events.of(Files.readString(stream));
    eachCallIsTold(events, seen);
    versionsAreTold(each, events, seen);
    timesAreSane(events);
    return new Told(events, seen);
  }

  private static void eachCallIsTold(Events events, List<JsonNode> seen) {
    assertThat(events.types())
        .as("%s %s", events.all("exchange.failed"), events.all("warning"))
        .doesNotContain(
            "exchange.failed",
            "connection.refused",
            "tunnel.opened",
            "tunnel.failed",
            "dropped",
            "warning",
            "fatal");
    // Of some, an origin does not know how many bytes they were.
    Set<String> unsized =
        seen.stream()
            .filter(one -> !one.has("up"))
            .map(one -> one.get("url").asString())
            .collect(Collectors.toSet());
    List<String> told =
        events.all("exchange.started").stream()
            .map(started -> {
              String url = started.get("url").asString();
              JsonNode end = sameId(events, "exchange.finished", started);
              return call(
                  started,
                  end.get("status").asInt(),
                  unsized.contains(url) ? -1 : end.get("request_bytes").asLong(),
                  unsized.contains(url) ? -1 : end.get("response_bytes").asLong());
            })
            .sorted()
            .toList();
    List<String> expected =
        seen.stream()
            .map(one ->
                call(
                    one,
                    one.get("status").asInt(),
                    one.path("up").asLong(-1),
                    one.path("down").asLong(-1)))
            .sorted()
            .toList();
    assertThat(told).isEqualTo(expected);
    assertThat(events.all("exchange.started"))
        .allMatch(started -> started.get("owned").asBoolean());
    for (JsonNode one : seen) {
      for (JsonNode trailer : one.path("ended")) {
        assertThat(trailers(events, one)).contains(field(trailer));
      }
    }
    JsonNode end = events.one("session.stopped");
    assertThat(end.get("exchanges").asInt()).isEqualTo(seen.size());
    assertThat(end.get("failed").asInt()).isZero();
  }

  /** Of all calls of this URL. */
  private static List<String> trailers(Events events, JsonNode seen) {
    return events.all("exchange.started").stream()
        .filter(started -> started.get("url").equals(seen.get("url")))
        .map(started -> sameId(events, "exchange.finished", started).path("trailers"))
        .flatMap(trailers -> StreamSupport.stream(trailers.spliterator(), false))
        .map(BothWays::field)
        .toList();
  }

  /** In HTTP/2, names are in lower case. */
  private static String field(JsonNode header) {
    return header.get(0).asString().toLowerCase(Locale.ROOT) + ": " + header.get(1).asString();
  }

  private static void versionsAreTold(Case each, Events events, List<JsonNode> seen) {
    List<String> told =
        events.all("exchange.started").stream()
            .map(started -> {
              JsonNode response = sameId(events, "exchange.response", started);
              return versions(
                  started,
                  started.get("http_version").asString(),
                  response.get("http_version").asString());
            })
            .sorted()
            .toList();
    List<String> expected =
        seen.stream()
            .map(one -> versions(one, expected(one, each.client()), expected(one, each.answered())))
            .sorted()
            .toList();
    assertThat(told).isEqualTo(expected);
  }

  private static String versions(JsonNode of, String client, String upstream) {
    return of.get("url").asString() + " asked in " + client + " answered in " + upstream;
  }

  /** A connection that becomes a WebSocket by a 101 is one of HTTP/1.1 whatever the others are. */
  private static String expected(JsonNode seen, String version) {
    return seen.get("status").asInt() == 101 ? Case.HTTP_1_1 : version;
  }

  private static String call(JsonNode of, int status, long up, long down) {
    return "%s %s %d up %d down %d"
        .formatted(of.get("method").asString(), of.get("url").asString(), status, up, down);
  }

  /** Every message is told, within its exchange, in its order in each direction. */
  static void messagesAreTold(Told told) {
    List<String> expected = new ArrayList<>();
    for (JsonNode one : told.seen()) {
      for (JsonNode message : one.path("messages")) {
        expected.add(
            message(
                one.get("url").asString(),
                message.get(0).asString(),
                message.get(1).asString(),
                message.get(2).asLong(),
                message.path(3).asString("")));
      }
    }
    List<String> lines =
        told.events().all("message").stream()
            .map(line ->
                message(
                    sameId(told.events(), "exchange.started", line).get("url").asString(),
                    line.get("direction").asString(),
                    line.get("kind").asString(),
                    line.get("bytes").asLong(),
                    line.path("text").asString("")))
            .toList();
    for (String direction : List.of(" up ", " down ")) {
      assertThat(only(direction, lines))
          .as("messages" + direction)
          .isEqualTo(only(direction, expected));
    }
    assertThat(lines).hasSameSizeAs(expected).isNotEmpty();
    for (JsonNode line : told.events().all("message")) {
      assertThat(line.get("seq").asLong())
          .isGreaterThan(sameId(told.events(), "exchange.started", line).get("seq").asLong())
          .isLessThan(sameId(told.events(), "exchange.finished", line).get("seq").asLong());
    }
  }

  /** Stable by exchange: those of several exchanges may come between each other. */
  private static List<String> only(String direction, List<String> messages) {
    return messages.stream()
        .filter(message -> message.contains(direction))
        .sorted(
            Comparator.comparing((String message) -> message.substring(0, message.indexOf(' '))))
        .toList();
  }

  private static String message(
      String url, String direction, String kind, long bytes, String text) {
    return "%s %s %s of %d bytes: %s".formatted(url, direction, kind, bytes, text);
  }

  /** A response that was coded, and no other, is told how long it was decoded. */
  static void decodedSizesAreTold(Told told) {
    List<String> expected =
        told.seen().stream()
            .map(one -> one.get("url").asString() + " " + one.path("decoded").asLong(-1))
            .sorted()
            .toList();
    List<String> lines =
        told.events().all("exchange.finished").stream()
            .map(end ->
                sameId(told.events(), "exchange.started", end).get("url").asString()
                    + " "
                    + end.path("response_decoded_bytes").asLong(-1))
            .sorted()
            .toList();
    assertThat(lines).isEqualTo(expected);
  }

  private static void timesAreSane(Events events) {
    events
        .all("exchange.finished")
        .forEach(end -> {
          JsonNode response = sameId(events, "exchange.response", end);
          Instant begin = time(sameId(events, "exchange.started", end));
          Instant first = time(response);
          Instant last = time(end);
          assertThat(begin).isBeforeOrEqualTo(first);
          assertThat(first).isBeforeOrEqualTo(last);
          double duration = end.get("duration_ms").asDouble();
          double whole = Duration.between(time(events.lines().getFirst()), last).toNanos() / 1e6;
          assertThat(duration).isBetween(0.0, whole);
          assertThat(response.get("ttfb_ms").asDouble()).isBetween(0.0, duration);
          double sum = 0;
          for (var phase : end.get("timings").properties()) {
            double millis = phase.getValue().asDouble();
            assertThat(millis).as(phase.getKey()).isBetween(-1.0, whole);
            // A connection that CONNECT asked for was made before its first request came.
            sum += List.of("dns", "connect", "tls").contains(phase.getKey()) ? 0 : millis;
          }
          assertThat(sum).as(end + "").isLessThanOrEqualTo(duration + SLACK);
          for (String always : List.of("send", "wait", "receive")) {
            assertThat(end.get("timings").get(always).asDouble()).as(always).isNotNegative();
          }
        });
  }

  /** The line of this type about the exchange of another line. */
  private static JsonNode sameId(Events events, String type, JsonNode line) {
    return events.all(type).stream()
        .filter(each -> each.get("id").equals(line.get("id")))
        .findFirst()
        .orElseThrow();
  }

  private static Instant time(JsonNode line) {
    return Instant.parse(line.get("time").asString());
  }

  /** A request as text, without what belongs to one connection or one run. */
  private static List<String> compared(List<JsonNode> seen) {
    return seen.stream()
        .map(one -> {
          var text = new StringBuilder();
          text.append(one.get("method").asString()).append(' ').append(one.get("url").asString());
          text.append(' ').append(one.get("target").asString()).append('\n');
          for (JsonNode header : one.get("headers")) {
            String name = header.get(0).asString();
            if (!NOT_COMPARED.contains(name.toLowerCase(Locale.ROOT))) {
              String value = header.get(1).asString().replaceAll("boundary=.*", "boundary");
              text.append(name).append(": ").append(value).append('\n');
            }
          }
          for (String field : List.of("body", "up", "down", "status", "trailers", "messages")) {
            text.append(field).append(' ').append(one.path(field)).append('\n');
          }
          return text.toString();
        })
        .sorted()
        .toList();
  }

  /** As the event stream has it; nginx says {@code HTTP/2.0}, Node {@code 2.0}. */
  private static String version(JsonNode seen) {
    String number = seen.get("version").asString().replace("HTTP/", "");
    return number.equals("2.0") ? Case.HTTP_2 : "HTTP/" + number;
  }
}
