package dev.earshot.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.content.BodyContent;
import dev.earshot.content.DecodeLimits;
import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.Timings;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/**
 * A recorded exchange as one JSON object, in the words of the event stream: what several events
 * tell of it stands together. Bodies and messages are in it where they are asked for.
 */
public final class ExchangeJson {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final Redaction redaction;
  private final DecodeLimits limits;

  /**
   * A writer.
   *
   * @param redaction what is masked
   * @param limits of what is held in memory of one body
   */
  public ExchangeJson(Redaction redaction, DecodeLimits limits) {
    this.redaction = redaction;
    this.limits = limits;
  }

  /** Writes a line with what is known without the bodies. */
  public void line(OutputStream out, RecordedExchange exchange) throws IOException {
    try (JsonGenerator json = HarJson.generator(out)) {
      json.writeStartObject();
      facts(json, exchange);
      json.writeEndObject();
    } catch (JacksonException e) {
      throw cause(e);
    }
    out.write('\n');
  }

  /**
   * Writes a line with all of it. A body is {@code text} where it is text, without its content
   * coding, and {@code base64} otherwise; {@code missing} says why it is not whole.
   */
  public void line(
      OutputStream out,
      RecordedExchange exchange,
      BodySource source,
      Iterable<RecordedMessage> messages)
      throws IOException {
    try (JsonGenerator json = HarJson.generator(out)) {
      whole(json, exchange, source, messages);
    } catch (JacksonException e) {
      throw cause(e);
    }
    out.write('\n');
  }

  private static IOException cause(JacksonException e) {
    return e.getCause() instanceof IOException cause ? cause : new IOException(e);
  }

  private void whole(
      JsonGenerator out,
      RecordedExchange exchange,
      BodySource source,
      Iterable<RecordedMessage> messages)
      throws IOException {
    out.writeStartObject();
    facts(out, exchange);
    if (exchange.tunnel().isEmpty()) {
      body(out, "request_body", exchange.request().headers(), exchange.requestBody(), source);
      List<Header> headers =
          exchange.response().map(response -> response.head().headers()).orElse(List.of());
      body(out, "response_body", headers, exchange.responseBody(), source);
    }
    var each = messages.iterator();
    if (each.hasNext()) {
      out.writeArrayPropertyStart("messages");
      each.forEachRemaining(one -> message(out, one));
      out.writeEndArray();
    }
    out.writeEndObject();
  }

  private void facts(JsonGenerator out, RecordedExchange exchange) {
    out.writeNumberProperty("id", exchange.id());
    out.writeNumberProperty("run", exchange.run());
    out.writeStringProperty("time", time(exchange.startedAt()));
    out.writeStringProperty("state", state(exchange.end()));
    out.writeStringProperty("method", exchange.request().method());
    out.writeStringProperty("url", redaction.url(text(exchange.url())));
    out.writeStringProperty("host", exchange.host());
    out.writeStringProperty("http_version", exchange.request().version().text());
    out.writeNumberProperty("connection", exchange.connection());
    out.writeBooleanProperty("reused", exchange.reused());
    if (exchange.client().pid().isPresent()) {
      out.writeNumberProperty("pid", exchange.client().pid().getAsLong());
    }
    exchange.client().name().ifPresent(name -> out.writeStringProperty("process", text(name)));
    out.writeBooleanProperty("owned", exchange.client().owned());
    exchange.tunnel().ifPresent(why -> out.writeStringProperty("tunnel", why.wireName()));
    if (exchange.replayed()) {
      out.writeBooleanProperty("replayed", true);
    }
    if (exchange.marked()) {
      out.writeBooleanProperty("marked", true);
    }
    headers(out, "request_headers", exchange.request().headers());
    exchange.response().ifPresent(response -> response(out, response));
    out.writeNumberProperty("request_bytes", exchange.requestBody().bytes());
    out.writeNumberProperty("response_bytes", exchange.responseBody().bytes());
    if (exchange.requestBody().isCut() || exchange.responseBody().isCut()) {
      out.writeBooleanProperty("truncated", true);
    }
    end(out, exchange.end());
  }

  private void response(JsonGenerator out, RecordedExchange.Response response) {
    out.writeNumberProperty("status", response.head().status());
    out.writeStringProperty("reason", text(response.head().reason()));
    out.writeStringProperty("response_http_version", response.head().version().text());
    out.writeStringProperty("remote", response.remote());
    headers(out, "response_headers", response.head().headers());
    millis(out, "ttfb_ms", response.sinceStart());
  }

  private void end(JsonGenerator out, ExchangeEnd end) {
    switch (end) {
      case ExchangeEnd.Pending _ -> {
        // Nothing is known yet.
      }
      case ExchangeEnd.Finished(var duration, var decoded, var trailers, var timings) -> {
        millis(out, "duration_ms", duration);
        if (decoded.isPresent()) {
          out.writeNumberProperty("response_decoded_bytes", decoded.getAsLong());
        }
        if (!trailers.isEmpty()) {
          headers(out, "trailers", trailers);
        }
        timings(out, timings);
      }
      case ExchangeEnd.Failed(var duration, var error, var detail) -> {
        millis(out, "duration_ms", duration);
        out.writeStringProperty("error", error.wireName());
        out.writeStringProperty("detail", redaction.text(detail));
      }
    }
  }

  private void body(
      JsonGenerator out, String name, List<Header> headers, Body body, BodySource source)
      throws IOException {
    if (body.bytes() == 0 && body.kept() == 0) {
      return;
    }
    Direction direction = name.startsWith("request") ? Direction.UP : Direction.DOWN;
    out.writeObjectPropertyStart(name);
    out.writeNumberProperty("bytes", body.bytes());
    Optional<String> missing =
        switch (BodyContent.read(headers, body, source, direction, limits)) {
          case BodyContent.Text(var text, var why) -> {
            out.writeStringProperty("text", redaction.text(text));
            yield why;
          }
          case BodyContent.Binary(var bytes, var decoded, var why) -> {
            byte[] copy = new byte[bytes.remaining()];
            bytes.duplicate().get(copy);
            out.writeStringProperty("base64", Base64.getEncoder().encodeToString(copy));
            if (!decoded) {
              out.writeBooleanProperty("encoded", true);
            }
            yield why;
          }
        };
    missing.ifPresent(why -> out.writeStringProperty("missing", why));
    out.writeEndObject();
  }

  private void message(JsonGenerator out, RecordedMessage recorded) {
    Message message = recorded.message();
    out.writeStartObject();
    out.writeStringProperty("time", time(recorded.at()));
    out.writeStringProperty("direction", message.direction().wireName());
    out.writeStringProperty("kind", message.kind().wireName());
    out.writeNumberProperty("bytes", message.bytes());
    message.text().ifPresent(text -> out.writeStringProperty("text", redaction.text(text)));
    if (message.truncated()) {
      out.writeBooleanProperty("truncated", true);
    }
    out.writeEndObject();
  }

  private void headers(JsonGenerator out, String name, List<Header> headers) {
    out.writeArrayPropertyStart(name);
    for (Header header : redaction.headers(headers)) {
      out.writeStartArray();
      out.writeString(header.name());
      out.writeString(text(header.value()));
      out.writeEndArray();
    }
    out.writeEndArray();
  }

  private static void timings(JsonGenerator out, Timings timings) {
    out.writeObjectPropertyStart("timings");
    phase(out, "blocked", timings.blocked());
    phase(out, "dns", timings.dns());
    phase(out, "connect", timings.connect());
    phase(out, "tls", timings.tls());
    phase(out, "send", timings.send());
    phase(out, "wait", timings.waiting());
    phase(out, "receive", timings.receive());
    out.writeEndObject();
  }

  private static void phase(JsonGenerator out, String name, long nanos) {
    if (nanos < 0) {
      out.writeNumberProperty(name, -1);
    } else {
      millis(out, name, Duration.ofNanos(nanos));
    }
  }

  /** Milliseconds with a fraction of microseconds. */
  private static void millis(JsonGenerator out, String name, Duration duration) {
    out.writeNumberProperty(name, Math.floorDiv(duration.toNanos(), 1_000L) / 1_000.0);
  }

  /** A word for what became of it: {@code pending}, {@code finished}, {@code failed}. */
  public static String state(ExchangeEnd end) {
    return switch (end) {
      case ExchangeEnd.Pending _ -> "pending";
      case ExchangeEnd.Finished _ -> "finished";
      case ExchangeEnd.Failed _ -> "failed";
    };
  }

  private static String time(Instant instant) {
    return TIME.format(instant);
  }

  /** Text of the wire, whose chars are bytes, as the UTF-8 it most likely is. */
  private static String text(String wire) {
    return new String(wire.getBytes(ISO_8859_1), UTF_8);
  }
}
