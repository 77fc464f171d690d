package dev.earshot.store;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.session.Bypass;
import dev.earshot.session.Capture;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import dev.earshot.session.StopCause;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/** Tells a capture what a session would, and takes its warnings. */
final class Feed {
  static final String ID = "20261125-120000-abcdef";
  static final ClientProcess CURL =
      new ClientProcess(OptionalLong.of(4711), Optional.of("curl"), true);
  static final Timings TIMINGS = new Timings(1_000, -1, 2_000, 3_000, 4_000, 5_000, 6_000);

  private final Capture capture;
  private final AtomicLong sequence = new AtomicLong();
  final BlockingQueue<SessionEvent> warnings = new LinkedBlockingQueue<>();

  Feed(Capture capture) {
    this.capture = capture;
    capture.begin(event -> {
      warnings.add(event);
      tell(event);
    });
  }

  /** Folders of a session that has none. */
  static SessionFolders folders(Path root) {
    return new SessionFolders(
        Optional.empty(), root.resolve("sessions"), root.resolve("tmp"), Optional.empty());
  }

  /** Begins a session whose proxy listens. */
  static Feed started(Capture capture) {
    return started(capture, List.of("curl", "https://api.example.com/"));
  }

  static Feed started(Capture capture, List<String> command) {
    var feed = new Feed(capture);
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080);
    feed.tell(new SessionEvent.Starting(ID, "0.1.0", command, "/home/someone"));
    feed.tell(new SessionEvent.ProxyStarting(address));
    feed.tell(new SessionEvent.ProxyStarted(address, List.of()));
    return feed;
  }

  void tell(SessionEvent event) {
    capture.event(new Stamped(sequence.incrementAndGet(), Instant.now(), event));
  }

  void traffic(TrafficEvent event) {
    tell(new SessionEvent.Traffic(1, event));
  }

  static List<Header> headers(String... namesAndValues) {
    var headers = new java.util.ArrayList<Header>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      headers.add(new Header(namesAndValues[i], namesAndValues[i + 1]));
    }
    return headers;
  }

  void request(long id, String url, String... headers) {
    traffic(
        new TrafficEvent.ExchangeStarted(
            id,
            7,
            true,
            CURL,
            url,
            "api.example.com",
            new RequestHead("GET", "/v1/items", HttpVersion.HTTP_1_1, headers(headers))));
  }

  void response(long id, int status, String... headers) {
    traffic(
        new TrafficEvent.ResponseStarted(
            id,
            new ResponseHead(HttpVersion.HTTP_1_1, status, "Whatever", headers(headers)),
            "127.0.0.1:443",
            Duration.ofMillis(3)));
  }

  boolean body(long id, Direction direction, byte[] bytes) {
    return capture.body(id, direction, ByteBuffer.wrap(bytes));
  }

  boolean body(long id, Direction direction, String text) {
    return body(id, direction, bytes(text));
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  void finished(long id, long requestBytes, long responseBytes) {
    traffic(
        new TrafficEvent.ExchangeFinished(
            id,
            200,
            Duration.ofMillis(12),
            requestBytes,
            responseBytes,
            OptionalLong.empty(),
            List.of(),
            TIMINGS,
            false));
  }

  /** A whole exchange with a response of JSON. */
  void exchange(long id, String json) {
    request(id, "https://api.example.com/v1/items?n=" + id, "Host", "api.example.com");
    response(id, 200, "Content-Type", "application/json; charset=utf-8", "X-Request-Id", "r" + id);
    boolean taken = body(id, Direction.DOWN, json);
    finished(id, 0, taken ? bytes(json).length : 0);
  }

  Optional<SessionEvent.CaptureClosed> finish() {
    return capture.finish(result());
  }

  static SessionResult result() {
    return new SessionResult(
        StopCause.PROCESS_EXITED,
        Optional.empty(),
        3,
        1,
        0,
        Bypass.Seen.NOTHING,
        0,
        new SessionResult.Forced(0, 0),
        new SessionResult.Phases(
            Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO),
        Optional.empty());
  }
}
