package dev.earshot.store;

import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.TrafficEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * The exchanges that go on, put together from what is told, and which of them are to be written
 * when: an exchange that ends soon is written once. Knows nothing of the file. The writing
 * thread's.
 */
final class Recording {
  /** For what has no body. */
  private static final BodyTreatment NOTHING = new BodyTreatment.Keep(false);

  private final CaptureLimits limits;
  private final Masking masking;
  private final Map<Long, OpenExchange> open = new HashMap<>();

  /** Those that something came of since the last look. */
  private List<OpenExchange> touched = new ArrayList<>();

  /** Those that are not written yet, the oldest first. */
  private final Deque<OpenExchange> young = new ArrayDeque<>();

  private long held;
  private long droppedBodies;

  Recording(CaptureLimits limits, Masking masking) {
    this.limits = limits;
    this.masking = masking;
  }

  /** What is to be written of an exchange. */
  record Write(OpenExchange exchange, OpenExchange.Due due) {}

  /**
   * Takes a fact about the traffic; of those that concern no exchange, none is taken note of.
   *
   * @param nanos the time now
   */
  void traffic(int run, TrafficEvent event, Instant at, long nanos) {
    switch (event) {
      case TrafficEvent.ExchangeStarted started -> start(run, started, at, nanos);
      case TrafficEvent.ResponseStarted(long id, var head, var remote, var since) ->
          with(id, exchange -> respond(exchange, head, remote, since));
      case TrafficEvent.ExchangeFinished finished ->
          with(
              finished.id(),
              exchange ->
                  end(
                      exchange,
                      new ExchangeFacts.End(
                          micros(finished.duration()),
                          Optional.empty(),
                          Optional.empty(),
                          finished.requestBytes(),
                          finished.responseBytes(),
                          finished.responseDecodedBytes(),
                          trailers(finished.trailers()),
                          Optional.of(finished.timings()))));
      case TrafficEvent.ExchangeFailed failed ->
          with(
              failed.id(),
              exchange -> {
                // Cut off anywhere, it could end within a secret that is not known by its half.
                if (exchange.body(Direction.DOWN).mustBeWhole()) {
                  held -= exchange.body(Direction.DOWN).mask();
                }
                end(
                    exchange,
                    failed(
                        failed.duration(),
                        failed.error().wireName(),
                        failed.detail(),
                        failed.requestBytes(),
                        failed.responseBytes()));
              });
      case TrafficEvent.MessagePassed(long id, var message) ->
          with(
              id,
              exchange -> {
                exchange.add(flag(message.kind()));
                exchange.tell();
              });
      case TrafficEvent.TunnelOpened(long id, long connection, var client, var host, var why) -> {
        add(
            tunnel(
                id,
                start(run, at, connection, Optional.of(client), host, Optional.of(why.wireName())),
                nanos));
      }
      case TrafficEvent.TunnelClosed(long id, long up, long down) ->
          with(id, exchange -> end(exchange, closed(exchange, up, down, at)));
      case TrafficEvent.TunnelFailed(long id, var host, var error, var detail) -> {
        var exchange =
            tunnel(id, start(run, at, 0, Optional.empty(), host, Optional.empty()), nanos);
        add(exchange);
        end(exchange, failed(Duration.ZERO, error.wireName(), detail, 0, 0));
      }
      case TrafficEvent.ConnectionRefused _, TrafficEvent.Warning _ -> {
        // Notices.
      }
    }
  }

  /** Takes bytes of a body. */
  void body(Told.Piece piece) {
    with(
        piece.exchange(),
        exchange -> {
          HeldBody body = exchange.body(piece.direction());
          if (body.mustBeWhole() && held + piece.bytes().length > limits.heldTogether()) {
            droppedBodies++;
            held -= body.giveUp();
          }
          held += body.add(piece.bytes());
        });
  }

  /** No more of a body comes. */
  void declined(long id, Direction direction) {
    with(id, exchange -> held -= exchange.body(direction).giveUp());
  }

  /** What is to be written now, in the order of ids. */
  List<Write> due(long nanos) {
    while (!young.isEmpty()
        && (young.getFirst().isInserted()
            || nanos - young.getFirst().born() >= limits.pendingAfter().toNanos())) {
      touch(young.removeFirst());
    }
    boolean crowded = held > limits.heldTogether() / 2;
    if (crowded) {
      young.forEach(this::touch);
    }
    List<Write> due = new ArrayList<>(touched.size());
    for (OpenExchange exchange : touched) {
      var what = exchange.due(nanos - exchange.born(), limits, crowded);
      if (what == OpenExchange.Due.NOTHING) {
        exchange.unlist();
      } else {
        due.add(new Write(exchange, what));
      }
    }
    touched = new ArrayList<>();
    due.sort(Comparator.comparingLong(write -> write.exchange().id()));
    return due;
  }

  /** When the next exchange is to be written though nothing comes of it; empty for never. */
  OptionalLong nextDue() {
    while (!young.isEmpty() && young.getFirst().isInserted()) {
      young.removeFirst();
    }
    return young.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(young.getFirst().born() + limits.pendingAfter().toNanos());
  }

  /** What was due is written; what of its bodies was held before is not now. */
  void written(OpenExchange exchange, int heldBefore) {
    held += exchange.held() - heldBefore;
    if (exchange.isEnded()) {
      held -= exchange.held();
      open.remove(exchange.id());
    }
    exchange.written();
  }

  /** Bytes of bodies that are held. */
  long held() {
    return held;
  }

  /** Bodies that were dropped because too many had to be held until their end. */
  long droppedBodies() {
    return droppedBodies;
  }

  private void with(long id, Consumer<OpenExchange> action) {
    OpenExchange exchange = open.get(id);
    if (exchange != null) {
      action.accept(exchange);
      touch(exchange);
    }
  }

  private void touch(OpenExchange exchange) {
    if (exchange.list()) {
      touched.add(exchange);
    }
  }

  private void add(OpenExchange exchange) {
    open.put(exchange.id(), exchange);
    young.add(exchange);
  }

  private HeldBody held(BodyTreatment treatment) {
    return new HeldBody(treatment, limits.held());
  }

  private void start(int run, TrafficEvent.ExchangeStarted started, Instant at, long nanos) {
    String url = masking.url(started.url());
    int path = pathOf(url);
    RequestHead head = masking.head(started.request());
    int flags = started.client().owned() ? 0 : Flag.UNOWNED.bit();
    add(
        new OpenExchange(
            started.id(),
            nanos,
            new ExchangeFacts.Start(
                run,
                micros(at),
                started.connection(),
                started.reused(),
                Optional.of(started.client()),
                url.substring(0, path),
                started.host(),
                url.substring(path),
                head.method(),
                HeadText.number(head.version()),
                HeadText.of(head),
                Optional.empty()),
            flags,
            held(masking.treatment(started.request().headers())),
            held(NOTHING)));
  }

  /** Where the path of an absolute URL begins. */
  static int pathOf(String url) {
    int authority = url.indexOf("://");
    if (authority < 0) {
      return url.length();
    }
    int at = authority + 3;
    while (at < url.length() && "/?#".indexOf(url.charAt(at)) < 0) {
      at++;
    }
    return at;
  }

  private void respond(OpenExchange exchange, ResponseHead head, String remote, Duration since) {
    Optional<String> type = Masking.mediaType(head.headers());
    if (head.status() == 101) {
      exchange.add(Flag.WEBSOCKET);
    } else if (type.orElse("").equals("text/event-stream")) {
      exchange.add(Flag.SSE);
    } else if (type.orElse("").startsWith("application/grpc")) {
      exchange.add(Flag.GRPC);
    }
    exchange.respond(
        new ExchangeFacts.Response(
            head.status(), type, HeadText.of(masking.head(head)), remote, micros(since)),
        held(masking.treatment(head.headers())));
  }

  private void end(OpenExchange exchange, ExchangeFacts.End end) {
    boolean bodies = limits.body() > 0 && !Flag.TUNNEL.in(exchange.flags());
    if (bodies
        && (exchange.body(Direction.UP).gap(end.requestBytes()) != BodyGap.NONE
            || exchange.body(Direction.DOWN).gap(end.responseBytes()) != BodyGap.NONE)) {
      exchange.add(Flag.TRUNCATED);
    }
    exchange.end(end);
    touch(exchange);
  }

  private static ExchangeFacts.End closed(OpenExchange tunnel, long up, long down, Instant at) {
    return new ExchangeFacts.End(
        Math.max(0, micros(at) - tunnel.startedAt()),
        Optional.empty(),
        Optional.empty(),
        up,
        down,
        OptionalLong.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private ExchangeFacts.End failed(
      Duration after, String error, String detail, long requestBytes, long responseBytes) {
    return new ExchangeFacts.End(
        micros(after),
        Optional.of(error),
        Optional.of(masking.text(detail)),
        requestBytes,
        responseBytes,
        OptionalLong.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static ExchangeFacts.Start start(
      int run,
      Instant at,
      long connection,
      Optional<ClientProcess> client,
      String host,
      Optional<String> why) {
    var head = new RequestHead("CONNECT", host, HttpVersion.HTTP_1_1, List.of());
    return new ExchangeFacts.Start(
        run,
        micros(at),
        connection,
        false,
        client,
        host,
        host,
        "",
        head.method(),
        HeadText.number(head.version()),
        HeadText.of(head),
        why);
  }

  private OpenExchange tunnel(long id, ExchangeFacts.Start start, long nanos) {
    boolean unowned = start.client().stream().anyMatch(client -> !client.owned());
    return new OpenExchange(
        id,
        nanos,
        start,
        Flag.TUNNEL.bit() | (unowned ? Flag.UNOWNED.bit() : 0),
        held(NOTHING),
        held(NOTHING));
  }

  private static Flag flag(MessageKind kind) {
    return switch (kind) {
      case WS_TEXT, WS_BINARY, WS_CLOSE -> Flag.WEBSOCKET;
      case SSE -> Flag.SSE;
      case GRPC -> Flag.GRPC;
    };
  }

  private Optional<String> trailers(List<Header> trailers) {
    return trailers.isEmpty()
        ? Optional.empty()
        : Optional.of(HeadText.of(masking.headers(trailers)));
  }

  static long micros(Instant at) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, at);
  }

  static long micros(Duration time) {
    return time.toNanos() / 1000;
  }
}
