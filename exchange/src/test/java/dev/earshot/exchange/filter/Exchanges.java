package dev.earshot.exchange.filter;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TunnelReason;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Exchanges to filter. */
final class Exchanges {
  /** POST to https://api.example.com/v1/customers?limit=3, answered with JSON in 500 ms. */
  static final RecordedExchange ANSWERED =
      exchange(
          "https://api.example.com/v1/customers?limit=3",
          "api.example.com",
          new RequestHead(
              "POST",
              "/v1/customers?limit=3",
              HttpVersion.HTTP_1_1,
              List.of(new Header("Accept", "application/json, */*"), new Header("X-Trace", "t1"))),
          Optional.of(
              response(
                  201,
                  new Header("Content-Type", "application/problem+JSON; charset=utf-8"),
                  new Header("X-Request-Id", "r-42"))),
          finished(Duration.ofMillis(500)),
          new Body(2048, 2048, BodyGap.NONE));

  /** Waits for its response. */
  static final RecordedExchange PENDING =
      exchange(
          "http://localhost:8080/slow",
          "localhost:8080",
          get("/slow"),
          Optional.empty(),
          new ExchangeEnd.Pending(),
          Body.EMPTY);

  /** Its response's body has not ended. */
  static final RecordedExchange RECEIVING =
      exchange(
          "http://localhost:8080/events",
          "localhost:8080",
          get("/events"),
          Optional.of(response(200, new Header("content-type", "text/event-stream"))),
          new ExchangeEnd.Pending(),
          new Body(5_000_000, 1_048_576, BodyGap.TRUNCATED));

  /** There was no response. */
  static final RecordedExchange FAILED =
      exchange(
          "https://nowhere.test/",
          "nowhere.test",
          get("/"),
          Optional.empty(),
          new ExchangeEnd.Failed(Duration.ofSeconds(2), FailureKind.DNS, "no address"),
          Body.EMPTY);

  /** Answered without a body or a type. */
  static final RecordedExchange EMPTY =
      exchange(
          "http://[::1]:3000/a%20b/",
          "[::1]:3000",
          get("/a%20b/"),
          Optional.of(response(204)),
          finished(Duration.ofNanos(1_500)),
          Body.EMPTY);

  static final RecordedExchange TUNNEL =
      new RecordedExchange(
          9,
          2,
          Instant.EPOCH,
          9,
          false,
          ClientProcess.UNKNOWN,
          "bank.example",
          "bank.example",
          new RequestHead("CONNECT", "bank.example:443", HttpVersion.HTTP_1_0, List.of()),
          Optional.empty(),
          finished(Duration.ofSeconds(90)),
          new Body(10, 0, BodyGap.TRUNCATED),
          new Body(1_048_577, 0, BodyGap.TRUNCATED),
          Optional.of(TunnelReason.PASSTHROUGH),
          true,
          true);

  private Exchanges() {}

  static RequestHead get(String target, Header... headers) {
    return new RequestHead("GET", target, HttpVersion.HTTP_2, List.of(headers));
  }

  static RecordedExchange.Response response(int status, Header... headers) {
    return new RecordedExchange.Response(
        new ResponseHead(HttpVersion.HTTP_1_1, status, "", List.of(headers)),
        "127.0.0.1:443",
        Duration.ofMillis(1));
  }

  static ExchangeEnd finished(Duration duration) {
    return new ExchangeEnd.Finished(
        duration, OptionalLong.empty(), List.of(), new Timings(-1, -1, -1, -1, 0, 0, 0));
  }

  static RecordedExchange exchange(
      String url,
      String host,
      RequestHead request,
      Optional<RecordedExchange.Response> response,
      ExchangeEnd end,
      Body responseBody) {
    return new RecordedExchange(
        1,
        1,
        Instant.EPOCH,
        1,
        false,
        new ClientProcess(OptionalLong.of(42), Optional.of("node"), true),
        url,
        host,
        request,
        response,
        end,
        Body.EMPTY,
        responseBody,
        Optional.empty(),
        false,
        false);
  }
}
