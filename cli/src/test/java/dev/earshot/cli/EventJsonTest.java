package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.Signal;
import dev.earshot.session.Bypass;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import dev.earshot.session.StopCause;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Events as lines: each fits the schema, and secrets are masked. {@link Events} checks the schema.
 */
class EventJsonTest {
  private static final Optional<String> NO_TEXT = Optional.empty();
  private static final String SECRET_TEXT = "{\"password\":\"hunter2\",\"n\":1}";
  private static final Instant AT = Instant.parse("2026-11-25T00:31:07.123456789Z");

  @Test
  void everyKindOfTrafficFitsTheSchema() throws Exception {
    Events events =
        stream(
            Redaction.CREDENTIALS,
            started("http://user:secret@host.example/a?access_token=t0ps3cret&x=1"),
            new TrafficEvent.ResponseStarted(
                1,
                new ResponseHead(
                    HttpVersion.HTTP_1_1,
                    200,
                    "OK",
                    List.of(new Header("Set-Cookie", "sid=abcdefgh"))),
                "127.0.0.1:80",
                Duration.ofMillis(5)),
            new TrafficEvent.ExchangeFinished(
                1,
                200,
                Duration.ofNanos(12_345_678),
                3,
                4,
                OptionalLong.of(40),
                List.of(new Header("X-Sum", "1")),
                new Timings(0, -1, -1, -1, 1_000_000, 2_000_000, 3_000_000),
                true),
            new TrafficEvent.MessagePassed(
                1,
                new Message(Direction.UP, MessageKind.WS_TEXT, 90_000, Optional.of("hello"), true)),
            new TrafficEvent.ConnectionRefused(4, "malformed", "bare LF", OptionalLong.of(17)),
            new TrafficEvent.TunnelOpened(
                2, 5, ClientProcess.UNKNOWN, "host.example:443", TunnelReason.PASSTHROUGH),
            new TrafficEvent.TunnelClosed(2, 10, 20),
            new TrafficEvent.TunnelFailed(3, "host.example:443", FailureKind.DNS, "no address"),
            new TrafficEvent.Warning("code", "text", Optional.of("hint")));
    assertThat(events.one("session.starting").get("time").asString())
        .isEqualTo("2026-11-25T00:31:07.123456Z");
    assertThat(events.one("exchange.finished").get("duration_ms").asDouble()).isEqualTo(12.345);
    assertThat(events.one("exchange.finished").get("response_decoded_bytes").asInt()).isEqualTo(40);
    assertThat(events.one("message").get("text").asString()).isEqualTo("hello");
    assertThat(events.one("message").get("truncated").asBoolean()).isTrue();
    assertThat(events.one("exchange.finished").get("timings").get("dns").asInt()).isEqualTo(-1);
  }

  @Test
  void theEndOfTheRecordFitsTheSchema() throws Exception {
    var json = new EventJson(Redaction.CREDENTIALS);
    Events events =
        lines(
            json,
            List.of(
                starting(),
                new SessionEvent.CaptureClosed(
                    Optional.of(Path.of("/a/b.db")), 5, 1, Optional.of("disk full")),
                stopped()));
    assertThat(events.one("capture.closed").get("file").asString()).isEqualTo("/a/b.db");
    assertThat(events.one("capture.closed").get("exchanges").asInt()).isEqualTo(5);
    assertThat(events.one("capture.closed").get("bodies_given_up").asInt()).isEqualTo(1);
    assertThat(events.one("capture.closed").get("error").asString()).isEqualTo("disk full");
  }

  @Test
  void aRestartFitsTheSchema() throws Exception {
    var json = new EventJson(Redaction.CREDENTIALS);
    Events events =
        lines(
            json,
            List.of(
                starting(),
                new SessionEvent.Command(
                    1,
                    new ProcessEvent.Signaled(
                        Signal.TERM, ProcessEvent.Target.GROUP, ProcessEvent.Why.RESTART)),
                new SessionEvent.Restarting(2),
                new SessionEvent.Command(2, new ProcessEvent.Starting(List.of("curl"))),
                stopped()));
    assertThat(events.one("process.signaled").get("why").asString()).isEqualTo("restart");
    assertThat(events.one("process.restarting").get("run").asInt()).isEqualTo(2);
    assertThat(events.one("process.starting").get("run").asInt()).isEqualTo(2);
  }

  @Test
  void everyKindOfBypassFitsTheSchema() throws Exception {
    var json = new EventJson(Redaction.CREDENTIALS);
    List<SessionEvent> all = new ArrayList<>(List.of(starting()));
    for (Bypass.Kind kind : Bypass.Kind.values()) {
      Optional<String> service =
          kind == Bypass.Kind.SERVICE ? Optional.of("PostgreSQL") : Optional.empty();
      var remote = new InetSocketAddress(InetAddress.ofLiteral("::1"), 5432);
      all.add(
          new SessionEvent.Bypassed(2, new Bypass(7, "a\u001bb", remote, kind, service, "hint")));
    }
    all.add(stopped());
    List<JsonNode> told = lines(json, all).all("bypass");
    assertThat(told)
        .extracting(it -> it.get("kind").asString())
        .containsExactly("http", "service", "unknown");
    assertThat(told).allMatch(it -> it.get("sampled").asBoolean());
    assertThat(told).allMatch(it -> it.get("remote").asString().equals("[0:0:0:0:0:0:0:1]:5432"));
    assertThat(told.get(1).get("service").asString()).isEqualTo("PostgreSQL");
  }

  @Test
  void secretsAreMaskedAndTheRestStays() throws Exception {
    Events events =
        stream(
            Redaction.CREDENTIALS,
            started("http://user:secret@host.example/?access_token=t0ps3cret"),
            end());
    String line = events.one("exchange.started").toString();
    assertThat(line).doesNotContain("secret", "t0ps3cret", "bearer-value").contains("host.example");
    assertThat(events.one("session.starting").toString()).doesNotContain("hunter2");
  }

  @Test
  void everyKindOfMessageFitsTheSchemaAndItsTextIsMasked() throws Exception {
    List<TrafficEvent> messages = new ArrayList<>();
    for (MessageKind kind : MessageKind.values()) {
      for (Direction direction : Direction.values()) {
        messages.add(
            new TrafficEvent.MessagePassed(1, new Message(direction, kind, 0, NO_TEXT, false)));
      }
    }
    var said = new Message(Direction.DOWN, MessageKind.SSE, 9, Optional.of(SECRET_TEXT), false);
    messages.add(new TrafficEvent.MessagePassed(1, said));
    Events events = stream(Redaction.CREDENTIALS, messages.toArray(TrafficEvent[]::new));
    assertThat(events.lines()).hasSize(messages.size() + 2);
    JsonNode last = events.lines().get(messages.size());
    assertThat(last.get("text").asString()).isEqualTo("{\"password\":\"***\",\"n\":1}");
    assertThat(last.get("truncated")).isNull();
  }

  @Test
  void withoutRedactionNothingIsMasked() throws Exception {
    Events events =
        stream(Redaction.NONE, started("http://host.example/?access_token=t0ps3cret"), end());
    assertThat(events.one("exchange.started").toString()).contains("t0ps3cret", "bearer-value");
    assertThat(events.one("session.starting").toString()).contains("hunter2");
  }

  @Test
  void bytesThatAreNotTextAndControlCharactersKeepTheLineWhole() throws Exception {
    Events events =
        stream(Redaction.NONE, started("http://h/\u0000\n\u001b[31m\u2028\ud800"), end());
    assertThat(events.lines()).hasSize(4);
  }

  private static TrafficEvent started(String url) {
    return new TrafficEvent.ExchangeStarted(
        1,
        4,
        false,
        new ClientProcess(OptionalLong.of(42), Optional.of("curl"), true),
        url,
        "host.example",
        new RequestHead(
            "GET",
            "/",
            HttpVersion.HTTP_1_1,
            List.of(
                new Header("Authorization", "Bearer bearer-value"),
                new Header("X-\u00e9", "\u00ff"))));
  }

  private static TrafficEvent end() {
    return new TrafficEvent.ExchangeFailed(1, FailureKind.RESET, "reset", Duration.ZERO, 0, 0);
  }

  private static Events stream(Redaction redaction, TrafficEvent... traffic) throws Exception {
    var json = new EventJson(redaction);
    List<SessionEvent> all = new ArrayList<>();
    all.add(starting());
    for (TrafficEvent event : traffic) {
      all.add(new SessionEvent.Traffic(1, event));
    }
    all.add(stopped());
    return lines(json, all);
  }

  private static SessionEvent starting() {
    return new SessionEvent.Starting(
        "s1", "0.1.0", List.of("curl", "-u", "me:hunter2", "\u00e9\u00ff"), "/");
  }

  private static SessionEvent stopped() {
    return new SessionEvent.Stopped(
        new SessionResult(
            StopCause.API,
            Optional.empty(),
            0,
            1,
            0,
            Bypass.Seen.NOTHING,
            0,
            new SessionResult.Forced(0, 0),
            new SessionResult.Phases(
                Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO),
            Optional.empty()));
  }

  private static Events lines(EventJson json, List<SessionEvent> all) throws Exception {
    var text = new StringBuilder();
    long sequence = 100;
    for (SessionEvent event : all) {
      text.append(json.line(new Stamped(sequence++, AT, event)));
    }
    return Events.of(text.toString());
  }
}
