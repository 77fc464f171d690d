package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JsonGenerator;

/** Writes messages of WebSockets and of event streams in the fields that browsers have for them. */
final class HarMessages {
  private static final int SWITCHING_PROTOCOLS = 101;

  /** RFC 6455 section 5.2. */
  private static final int TEXT = 1;

  private static final int BINARY = 2;

  private static final Pattern EVENT = Pattern.compile("event: ([^\\n]*)(?:\\n|$)");
  private static final Pattern CODE = Pattern.compile("\\d{1,5}");
  private static final int MICROS = 1_000_000;
  private static final int DIGITS = 6;

  private final JsonGenerator out;
  private final HarMask mask;

  HarMessages(JsonGenerator out, HarMask mask) {
    this.out = out;
    this.mask = mask;
  }

  /** By the upgrade of HTTP/1 (RFC 6455) or the extended CONNECT of HTTP/2 (RFC 8441). */
  static boolean isWebSocket(RecordedExchange exchange) {
    int status = exchange.response().map(it -> it.head().status()).orElse(0);
    String asked = status == SWITCHING_PROTOCOLS ? "Upgrade" : status / 100 == 2 ? ":protocol" : "";
    return Headers.all(exchange.request().headers(), asked).stream()
        .anyMatch(it -> it.equalsIgnoreCase("websocket"));
  }

  private static boolean isEventStream(RecordedExchange exchange) {
    return exchange
        .response()
        .map(it -> HarBody.mimeType(it.head().headers()).strip().toLowerCase(Locale.ROOT))
        .filter(it -> it.startsWith("text/event-stream"))
        .isPresent();
  }

  void write(RecordedExchange exchange, Iterable<RecordedMessage> messages) {
    if (isWebSocket(exchange)) {
      out.writeStringProperty("_resourceType", "websocket");
      webSocket(messages);
    } else if (isEventStream(exchange)) {
      out.writeStringProperty("_resourceType", "eventsource");
      events(messages);
    }
  }

  private void webSocket(Iterable<RecordedMessage> messages) {
    RecordedMessage closed = null;
    out.writeArrayPropertyStart("_webSocketMessages");
    for (RecordedMessage each : messages) {
      if (each.message().kind() == MessageKind.WS_CLOSE) {
        closed = closed == null ? each : closed;
      } else {
        frame(each);
      }
    }
    out.writeEndArray();
    if (closed != null) {
      close(closed.message());
    }
  }

  private void frame(RecordedMessage each) {
    Message message = each.message();
    out.writeStartObject();
    out.writeStringProperty("type", message.direction() == Direction.UP ? "send" : "receive");
    time(each.at());
    out.writeNumberProperty("opcode", message.kind() == MessageKind.WS_BINARY ? BINARY : TEXT);
    out.writeStringProperty("data", message.text().map(it -> mask.body("", it)).orElse(""));
    sizeIfCut(message);
    out.writeEndObject();
  }

  /** Bytes of binary messages are not recorded, and long texts are cut. */
  private void sizeIfCut(Message message) {
    if (message.truncated() || message.text().isEmpty()) {
      out.writeNumberProperty("_bytes", message.bytes());
      out.writeBooleanProperty("_truncated", true);
    }
  }

  /** What the first that closed said: a code and a reason, or nothing. */
  private void close(Message message) {
    String said = message.text().orElse("");
    int space = said.indexOf(' ');
    String code = space < 0 ? said : said.substring(0, space);
    out.writeObjectPropertyStart("_webSocketClose");
    if (CODE.matcher(code).matches()) {
      out.writeNumberProperty("code", Integer.parseInt(code));
      out.writeStringProperty("reason", space < 0 ? "" : mask.body("", said.substring(space + 1)));
    }
    out.writeStringProperty("type", message.direction() == Direction.UP ? "send" : "receive");
    out.writeEndObject();
  }

  private void events(Iterable<RecordedMessage> messages) {
    out.writeArrayPropertyStart("_eventSourceMessages");
    for (RecordedMessage each : messages) {
      event(each);
    }
    out.writeEndArray();
  }

  private void event(RecordedMessage each) {
    Message message = each.message();
    String text = message.text().orElse("");
    Matcher named = EVENT.matcher(text);
    boolean name = named.lookingAt();
    out.writeStartObject();
    time(each.at());
    out.writeStringProperty("eventName", name ? named.group(1) : "message");
    // The id of an event is not recorded.
    out.writeStringProperty("eventId", "");
    out.writeStringProperty("data", mask.body("", name ? text.substring(named.end()) : text));
    sizeIfCut(message);
    out.writeEndObject();
  }

  /** Seconds since 1970. */
  private void time(Instant at) {
    long micros = at.getEpochSecond() * MICROS + at.getNano() / 1_000;
    out.writeNumberProperty("time", BigDecimal.valueOf(micros, DIGITS));
  }
}
