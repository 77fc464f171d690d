package dev.earshot.store;

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
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TunnelReason;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Builds a recorded exchange: a GET of a page that was answered with nothing, until told else. */
final class Exchange {
  static final Instant START = Instant.parse("2026-03-01T10:20:30.123456Z");
  private static final int MILLION = 1_000_000;

  private long id = 7;
  private String method = "GET";
  private String url = "https://api.example.com/items";
  private HttpVersion version = HttpVersion.HTTP_1_1;
  private final List<Header> requestHeaders = new ArrayList<>();
  private final List<Header> responseHeaders = new ArrayList<>();
  private int status = 200;
  private String reason = "OK";
  private String remote = "93.184.216.34:443";
  private byte[] up = {};
  private byte[] down = {};
  private int keptUp = Integer.MAX_VALUE;
  private int keptDown = Integer.MAX_VALUE;
  private BodyGap gap = BodyGap.TRUNCATED;
  private Timings timings =
      new Timings(
          1 * MILLION, 2 * MILLION, 3 * MILLION, 4_500_000, 500_000, 30 * MILLION, 6 * MILLION);
  private OptionalLong decoded = OptionalLong.empty();
  private List<Header> trailers = List.of();
  private Optional<ExchangeEnd> end = Optional.empty();
  private Optional<TunnelReason> tunnel = Optional.empty();
  private final List<RecordedMessage> messages = new ArrayList<>();
  private boolean reused;

  static Exchange get(String url) {
    var exchange = new Exchange();
    exchange.url = url;
    return exchange;
  }

  static Exchange post(String url, String mimeType, byte[] body) {
    var exchange = get(url);
    exchange.method = "POST";
    exchange.up = body;
    return exchange.asking("Content-Type", mimeType);
  }

  static Exchange post(String url, String mimeType, String body) {
    return post(url, mimeType, body.getBytes(StandardCharsets.UTF_8));
  }

  Exchange numbered(long number) {
    id = number;
    return this;
  }

  Exchange method(String name) {
    method = name;
    return this;
  }

  Exchange over(HttpVersion which) {
    version = which;
    return this;
  }

  Exchange asking(String name, String value) {
    requestHeaders.add(new Header(name, value));
    return this;
  }

  Exchange answering(String name, String value) {
    responseHeaders.add(new Header(name, value));
    return this;
  }

  Exchange status(int code, String phrase) {
    status = code;
    reason = phrase;
    return this;
  }

  Exchange from(String address) {
    remote = address;
    return this;
  }

  Exchange body(String mimeType, byte[] bytes) {
    down = bytes;
    return mimeType.isEmpty() ? this : answering("Content-Type", mimeType);
  }

  Exchange body(String mimeType, String text) {
    return body(mimeType, text.getBytes(StandardCharsets.UTF_8));
  }

  Exchange decodedTo(long bytes) {
    decoded = OptionalLong.of(bytes);
    return this;
  }

  Exchange keeping(int bytes, BodyGap why) {
    keptUp = bytes;
    keptDown = bytes;
    gap = why;
    return this;
  }

  Exchange timings(Timings other) {
    timings = other;
    return this;
  }

  Exchange reused() {
    reused = true;
    return timings(new Timings(0, -1, -1, -1, 1 * MILLION, 2 * MILLION, 3 * MILLION));
  }

  Exchange trailer(String name, String value) {
    trailers = List.of(new Header(name, value));
    return this;
  }

  Exchange failed(FailureKind kind, String detail, boolean answered) {
    end = Optional.of(new ExchangeEnd.Failed(Duration.ofMillis(50), kind, detail));
    status = answered ? status : 0;
    return this;
  }

  Exchange pending() {
    end = Optional.of(new ExchangeEnd.Pending());
    status = 0;
    return this;
  }

  Exchange tunnel(TunnelReason why, int upBytes, int downBytes) {
    method = "CONNECT";
    tunnel = Optional.of(why);
    status = 0;
    up = new byte[upBytes];
    down = new byte[downBytes];
    return keeping(0, BodyGap.NONE);
  }

  Exchange message(Direction direction, MessageKind kind, String text) {
    var message = new Message(direction, kind, text.length(), Optional.of(text), false);
    messages.add(new RecordedMessage(START.plusMillis(messages.size() + 1), message));
    return this;
  }

  Exchange binary(Direction direction, long bytes) {
    var message = new Message(direction, MessageKind.WS_BINARY, bytes, Optional.empty(), false);
    messages.add(new RecordedMessage(START.plusMillis(messages.size() + 1), message));
    return this;
  }

  private Body told(byte[] bytes, int kept) {
    int there = Math.min(kept, bytes.length);
    return new Body(bytes.length, there, there < bytes.length ? gap : BodyGap.NONE);
  }

  HarRecord record() {
    String authority = url.replaceFirst("^[a-z]+://", "").replaceFirst("[/?#].*", "");
    String target = url.replaceFirst("^[a-z]+://[^/?#]*", "").replaceFirst("#.*", "");
    var response =
        status == 0
            ? Optional.<RecordedExchange.Response>empty()
            : Optional.of(
                new RecordedExchange.Response(
                    new ResponseHead(version, status, reason, responseHeaders),
                    remote,
                    Duration.ofMillis(40)));
    var exchange =
        new RecordedExchange(
            id,
            1,
            START,
            3,
            reused,
            new ClientProcess(OptionalLong.of(4711), Optional.of("node"), true),
            url,
            authority,
            new RequestHead(method, target, version, requestHeaders),
            response,
            end.orElseGet(
                () -> new ExchangeEnd.Finished(Duration.ofMillis(47), decoded, trailers, timings)),
            told(up, keptUp),
            told(down, keptDown),
            tunnel,
            false,
            false);
    return new HarRecord(
        exchange,
        List.copyOf(messages),
        direction ->
            direction == Direction.UP
                ? new ByteArrayInputStream(up, 0, (int) exchange.requestBody().kept())
                : new ByteArrayInputStream(down, 0, (int) exchange.responseBody().kept()));
  }
}
