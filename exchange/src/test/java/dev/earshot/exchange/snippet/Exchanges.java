package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TunnelReason;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Exchanges to write snippets of. */
final class Exchanges {
  private Exchanges() {}

  /** A whole one. */
  static Snippet of(
      Redaction redaction,
      String url,
      RequestHead request,
      byte[] up,
      List<Header> answer,
      byte[] down) {
    return snippet(
        redaction,
        url,
        request,
        new Body(up.length, up.length, BodyGap.NONE),
        up,
        answer,
        down,
        Optional.empty());
  }

  /** A request in the clear to example.com whose response does not matter. */
  static Snippet request(Redaction redaction, String start, String body, String... headers) {
    RequestHead head = head(start, headers);
    return of(redaction, "http://example.com/", head, body.getBytes(UTF_8), List.of(), new byte[0]);
  }

  /** The same, with a body of which something is missing. */
  static Snippet cut(Body known, byte[] kept, String... headers) {
    return snippet(
        Redaction.NONE,
        "http://example.com/",
        head("POST /", headers),
        known,
        kept,
        List.of(),
        new byte[0],
        Optional.empty());
  }

  static Snippet tunnel() {
    return snippet(
        Redaction.NONE,
        "https://example.com/",
        head("GET /"),
        Body.EMPTY,
        new byte[0],
        List.of(),
        new byte[0],
        Optional.of(TunnelReason.PASSTHROUGH));
  }

  static RequestHead head(String start, String... headers) {
    int space = start.indexOf(' ');
    return new RequestHead(
        start.substring(0, space),
        start.substring(space + 1),
        HttpVersion.HTTP_1_1,
        Arrays.stream(headers).map(Exchanges::header).toList());
  }

  static Header header(String line) {
    int colon = line.indexOf(": ");
    return new Header(line.substring(0, colon), line.substring(colon + 2));
  }

  private static Snippet snippet(
      Redaction redaction,
      String url,
      RequestHead request,
      Body known,
      byte[] up,
      List<Header> answer,
      byte[] down,
      Optional<TunnelReason> tunnel) {
    var response =
        new RecordedExchange.Response(
            new ResponseHead(HttpVersion.HTTP_1_1, 200, "OK", answer),
            "127.0.0.1:80",
            Duration.ofMillis(12));
    var exchange =
        new RecordedExchange(
            42,
            1,
            Instant.parse("2026-01-02T03:04:05.678901Z"),
            3,
            false,
            ClientProcess.UNKNOWN,
            url,
            "example.com",
            request,
            Optional.of(response),
            new ExchangeEnd.Finished(
                Duration.ofMillis(20),
                OptionalLong.empty(),
                List.of(),
                new Timings(0, -1, 1_500_000, -1, 10_000, 2_000_000, 30_000)),
            known,
            new Body(down.length, down.length, BodyGap.NONE),
            tunnel,
            false,
            false);
    BodySource bodies =
        direction -> new ByteArrayInputStream(direction == Direction.UP ? up : down);
    return new Snippet(exchange, bodies, redaction);
  }
}
