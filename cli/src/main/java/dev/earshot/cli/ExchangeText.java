package dev.earshot.cli;

import dev.earshot.content.BodyContent;
import dev.earshot.content.DecodeLimits;
import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.Timings;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** One exchange for people: what it was, both heads, both bodies, its messages. */
final class ExchangeText {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS");
  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

  private final PrintStream out;
  private final Palette palette;
  private final Redaction redaction;
  private final ZoneId zone;

  ExchangeText(PrintStream out, Palette palette, Redaction redaction, ZoneId zone) {
    this.out = out;
    this.palette = palette;
    this.redaction = redaction;
    this.zone = zone;
  }

  void print(RecordedExchange exchange, BodySource source, Iterable<RecordedMessage> messages)
      throws IOException {
    line(
        palette.bold(
            "%d  %s %s"
                .formatted(
                    exchange.id(),
                    safe(exchange.request().method()),
                    safe(Launch.text(redaction.url(exchange.url()))))));
    line(outcome(exchange));
    line(palette.faint(origin(exchange)));
    if (exchange.end() instanceof ExchangeEnd.Finished finished) {
      line(palette.faint(timings(finished.timings())));
    }
    if (exchange.tunnel().isPresent()) {
      return;
    }
    line("");
    var request = exchange.request();
    head(
        "> ",
        "%s %s %s"
            .formatted(request.method(), redaction.url(request.target()), request.version().text()),
        request.headers());
    body(exchange.id(), request.headers(), exchange.requestBody(), source, Direction.UP);
    if (exchange.response().isPresent()) {
      var response = exchange.response().get().head();
      line("");
      head(
          "< ",
          "%s %d %s".formatted(response.version().text(), response.status(), response.reason()),
          response.headers());
      body(exchange.id(), response.headers(), exchange.responseBody(), source, Direction.DOWN);
    }
    if (exchange.end() instanceof ExchangeEnd.Finished finished && !finished.trailers().isEmpty()) {
      line("");
      headers("< ", finished.trailers());
    }
    var each = messages.iterator();
    if (each.hasNext()) {
      line("");
      each.forEachRemaining(this::message);
    }
  }

  private String outcome(RecordedExchange exchange) {
    List<String> parts = new ArrayList<>();
    exchange
        .response()
        .ifPresent(response -> {
          int status = response.head().status();
          String text = (status + " " + safe(Launch.text(response.head().reason()))).strip();
          parts.add(palette.status(status, text));
          parts.add(response.head().version().text());
        });
    exchange.tunnel().ifPresent(why -> parts.add("tunnel: " + why.wireName()));
    switch (exchange.end()) {
      case ExchangeEnd.Pending _ -> parts.add("pending");
      case ExchangeEnd.Finished finished -> parts.add(Figures.time(finished.duration()));
      case ExchangeEnd.Failed(var duration, var error, var detail) -> {
        parts.add(palette.bad(error.wireName()) + ": " + safe(redaction.text(detail)));
        parts.add(Figures.time(duration));
      }
    }
    parts.add(
        "%s up, %s down"
            .formatted(
                Figures.size(exchange.requestBody().bytes()),
                Figures.size(exchange.responseBody().bytes())));
    return String.join(" · ", parts);
  }

  private String origin(RecordedExchange exchange) {
    List<String> parts = new ArrayList<>();
    parts.add(TIME.format(exchange.startedAt().atZone(zone)));
    parts.add("run " + exchange.run());
    var client = exchange.client();
    client
        .name()
        .ifPresent(name ->
            parts.add(
                safe(Launch.text(name))
                    + (client.pid().isPresent() ? " (" + client.pid().getAsLong() + ")" : "")));
    if (!client.owned()) {
      parts.add("not of the session's processes");
    }
    parts.add("connection " + exchange.connection() + (exchange.reused() ? ", reused" : ""));
    exchange.response().ifPresent(response -> parts.add("to " + safe(response.remote())));
    if (exchange.replayed()) {
      parts.add("replayed");
    }
    if (exchange.marked()) {
      parts.add("marked");
    }
    return String.join(" · ", parts);
  }

  private static String timings(Timings timings) {
    List<String> parts = new ArrayList<>();
    phase(parts, "blocked", timings.blocked());
    phase(parts, "dns", timings.dns());
    phase(parts, "connect", timings.connect());
    phase(parts, "tls", timings.tls());
    phase(parts, "send", timings.send());
    phase(parts, "wait", timings.waiting());
    phase(parts, "receive", timings.receive());
    return String.join(" · ", parts);
  }

  private static void phase(List<String> parts, String name, long nanos) {
    if (nanos >= 0) {
      parts.add(name + " " + Figures.time(Duration.ofNanos(nanos)));
    }
  }

  private void head(String prefix, String first, List<Header> headers) {
    line(prefix + palette.bold(safe(Launch.text(first)).strip()));
    headers(prefix, headers);
  }

  private void headers(String prefix, List<Header> headers) {
    for (Header header : redaction.headers(headers)) {
      line(prefix + safe(header.name()) + ": " + safe(Launch.text(header.value())));
    }
  }

  private void body(
      long id, List<Header> headers, Body body, BodySource source, Direction direction)
      throws IOException {
    if (body.bytes() == 0 && body.kept() == 0) {
      return;
    }
    line("");
    var content = BodyContent.read(headers, body, source, direction, DecodeLimits.DEFAULT);
    switch (content) {
      case BodyContent.Text(var text, _) ->
          Printable.lines(redaction.text(text)).forEach(this::line);
      case BodyContent.Binary(var bytes, var decoded, _) ->
          line(
              palette.faint(
                  "(%s of %s; as base64 in: earshot show %d --json)"
                      .formatted(
                          Figures.size(bytes.remaining()),
                          decoded ? "binary content" : "encoded content",
                          id)));
    }
    content.missing().ifPresent(why -> line(palette.faint("(" + safe(why) + ")")));
  }

  private void message(RecordedMessage recorded) {
    var message = recorded.message();
    String arrow = message.direction() == Direction.UP ? ">" : "<";
    String text = message.text().map(redaction::text).map(Printable::line).orElse("");
    line(
        "%s %s %s %s %s%s"
            .formatted(
                arrow,
                palette.faint(CLOCK.format(recorded.at().atZone(zone))),
                message.kind().wireName(),
                Figures.size(message.bytes()),
                text,
                message.truncated() ? "…" : "")
            .stripTrailing());
  }

  private static String safe(String text) {
    return Printable.line(text);
  }

  private void line(String text) {
    out.println(text);
  }
}
