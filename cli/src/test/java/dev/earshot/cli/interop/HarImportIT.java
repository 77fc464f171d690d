package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.NodePackages;
import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.store.HarExport;
import dev.earshot.store.HarRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** An archive of ours in the importer of Chromium's DevTools. */
@Tag("interop")
class HarImportIT {
  private static final Instant START = Instant.parse("2026-03-01T10:20:30.123Z");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String JSON_TYPE = "application/json";

  @TempDir Path dir;

  private static List<Header> headers(String... namesAndValues) {
    return switch (namesAndValues.length) {
      case 0 -> List.of();
      case 2 -> List.of(new Header(namesAndValues[0], namesAndValues[1]));
      default ->
          List.of(
              new Header(namesAndValues[0], namesAndValues[1]),
              new Header(namesAndValues[2], namesAndValues[3]));
    };
  }

  private static HarRecord record(
      String path, RequestHead request, byte[] up, Optional<ResponseHead> response, byte[] down) {
    long milli = 1_000_000;
    ExchangeEnd end =
        response.isPresent()
            ? new ExchangeEnd.Finished(
                Duration.ofMillis(60),
                OptionalLong.empty(),
                List.of(),
                new Timings(
                    1 * milli, 2 * milli, 3 * milli, 4 * milli, 5 * milli, 20 * milli, 25 * milli))
            : new ExchangeEnd.Failed(Duration.ofMillis(60), FailureKind.DNS, "no such host");
    var exchange =
        new RecordedExchange(
            1,
            1,
            START,
            5,
            false,
            ClientProcess.UNKNOWN,
            "https://h.example" + path,
            "h.example",
            request,
            response.map(head ->
                new RecordedExchange.Response(head, "[2001:db8::7]:443", Duration.ofMillis(35))),
            end,
            new Body(up.length, up.length, BodyGap.NONE),
            new Body(down.length, down.length, BodyGap.NONE),
            Optional.empty(),
            false,
            false);
    return new HarRecord(
        exchange,
        messages(path),
        direction -> new ByteArrayInputStream(direction == Direction.UP ? up : down));
  }

  private static List<RecordedMessage> messages(String path) {
    return path.equals("/socket")
        ? List.of(message(Direction.UP, "ping"), message(Direction.DOWN, "pong"))
        : List.of();
  }

  private static RecordedMessage message(Direction direction, String text) {
    return new RecordedMessage(
        START,
        new Message(direction, MessageKind.WS_TEXT, text.length(), Optional.of(text), false));
  }

  private static RequestHead asked(String method, HttpVersion version, String... headers) {
    return new RequestHead(method, "/", version, headers(headers));
  }

  private static Optional<ResponseHead> answered(
      int status, HttpVersion version, String... headers) {
    return Optional.of(new ResponseHead(version, status, "", headers(headers)));
  }

  private static byte[] gzip(String text) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static List<HarRecord> records() throws IOException {
    var one = HttpVersion.HTTP_1_1;
    byte[] none = {};
    return List.of(
        record(
            "/json?q=a+b&q=%E2%82%AC&access_token=abcdef",
            asked("GET", one),
            none,
            answered(
                200,
                one,
                "Content-Type",
                JSON_TYPE,
                "Set-Cookie",
                "c=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT"),
            "{\"a\":\"\u20ac\",\"password\":\"x\"}".getBytes(StandardCharsets.UTF_8)),
        record(
            "/image",
            asked("GET", HttpVersion.HTTP_2),
            none,
            answered(200, HttpVersion.HTTP_2, "Content-Type", "image/png"),
            new byte[] {(byte) 0xFF, 1}),
        record(
            "/gzip",
            asked("POST", one, "Content-Type", JSON_TYPE),
            "{\"b\":1}".getBytes(StandardCharsets.UTF_8),
            answered(201, one, "Content-Type", JSON_TYPE, "Content-Encoding", "gzip"),
            gzip("c".repeat(100))),
        record("/gone", asked("GET", one), none, Optional.empty(), none),
        record(
            "/socket",
            asked("GET", one, "Upgrade", "websocket"),
            none,
            answered(101, one, "Upgrade", "websocket"),
            none));
  }

  private JsonNode imported() throws Exception {
    Tools.areThere();
    Path har = dir.resolve("session.har");
    try (var out = Files.newOutputStream(har)) {
      HarExport.write(out, records().iterator(), Redaction.CREDENTIALS);
    }
    Path packages = NodePackages.install("interop");
    String node = NodePackages.node24(packages).toString();
    String script = packages.resolve("har.mjs").toString();
    var process = new ProcessBuilder(node, script, har.toString());
    process.redirectError(dir.resolve("stderr").toFile());
    process.environment().put("HOME", dir.toString());
    Process run = process.start();
    String out = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(run.waitFor(50, TimeUnit.SECONDS)).isTrue();
    assertThat(run.exitValue()).as(Files.readString(dir.resolve("stderr"))).isZero();
    return JSON.readTree(out);
  }

  private static void has(JsonNode request, String json) {
    for (var field : JSON.readTree(json).properties()) {
      assertThat(request.get(field.getKey()))
          .as("%s of %s", field.getKey(), request.get("url"))
          .isEqualTo(field.getValue());
    }
  }

  @Test
  void devToolsUnderstandAll() throws Exception {
    JsonNode requests = imported();
    assertThat(requests.size()).isEqualTo(5);
    has(
        requests.get(0),
        """
        {"url": "https://h.example/json?q=a+b&q=%E2%82%AC&access_token=***", "method": "GET",
         "status": 200, "protocol": "http/1.1", "mimeType": "application/json", "size": 26,
         "milliseconds": 60, "connect": 7, "ssl": 4, "cookies": ["c"], "body": null,
         "text": "{\\"a\\":\\"\u20ac\\",\\"password\\":\\"***\\"}", "base64": false}
        """);
    assertThat(requests.get(0).get("remote").asString()).startsWith("2001:db8::7");
    has(
        requests.get(1),
        """
        {"protocol": "h2", "type": "image", "size": 2, "text": "/wE=", "base64": true}
        """);
    has(
        requests.get(2),
        """
        {"method": "POST", "status": 201, "body": "{\\"b\\":1}", "size": 100, "text": "%s"}
        """
            .formatted("c".repeat(100)));
    has(
        requests.get(3),
        """
        {"status": 0, "milliseconds": 60, "text": ""}
        """);
    has(
        requests.get(4),
        """
        {"status": 101, "type": "websocket", "frames": ["send 1 ping", "receive 1 pong"]}
        """);
  }
}
