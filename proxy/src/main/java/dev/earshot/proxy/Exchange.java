package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.proxy.UpstreamHalf.Loss;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response on their way through: between the client's half and the upstream's,
 * whatever each of them speaks. Bodies are passed on by reference, at the pace of their reader. On
 * the event loop that both connections share.
 */
final class Exchange implements UpstreamHalf.Events {
  /** RFC 9110 section 9.2.2. */
  private static final Set<String> IDEMPOTENT =
      Set.of("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE");

  /** More 1xx responses before a final one are not an answer but a flood. */
  private static final int MAX_INFORMATIONAL = 64;

  /** How long the record of what was before can hold one up, and how often that is looked at. */
  private static final Duration LONGEST_HOLD = Duration.ofMillis(250);

  private static final Duration HOLD_STEP = Duration.ofMillis(10);

  private enum Response {
    AWAITED,
    STREAMING,
    RECEIVED,
    WRITTEN
  }

  private final ProxyContext context;
  private final ClientHalf client;
  private final ExchangeRecorder recorder;
  private final RequestHead received;
  private final RequestHead toSend;
  private final Framing framing;
  private final UpstreamKey key;

  private @Nullable Future<Upstream> dialling;
  private @Nullable UpstreamHalf upstream;
  private boolean bodyConsumed;
  private boolean requestDone;
  private List<Header> requestTrailers = List.of();
  private boolean reused;
  private boolean clientStreamClosed;
  private boolean requestAbandoned;
  private boolean retried;
  private boolean wholeFrames;
  private boolean contentWritten;
  private Response response = Response.AWAITED;
  private int informational;
  private List<Header> trailers = List.of();
  private @Nullable Relay relay;
  private boolean over;

  /**
   * Makes an exchange; {@link #start} starts it.
   *
   * @param received the head as it came
   * @param toSend the head as it goes on
   * @param framing where the request's body ends
   */
  Exchange(
      ProxyContext context,
      ClientHalf client,
      ExchangeRecorder recorder,
      RequestHead received,
      RequestHead toSend,
      Framing framing,
      UpstreamKey key) {
    this.context = context;
    this.client = client;
    this.recorder = recorder;
    this.received = received;
    this.toSend = toSend;
    this.framing = framing;
    this.key = key;
    this.requestDone = framing.isEmpty();
  }

  /**
   * Gets a connection and sends the request; at once, unless what was told of those before it still
   * waits to be recorded.
   */
  void start() {
    start(System.nanoTime() + LONGEST_HOLD.toNanos());
  }

  private void start(long latest) {
    if (over) {
      return;
    }
    if (context.events().isCongested() && System.nanoTime() < latest) {
      var _ =
          client.loop().schedule(() -> start(latest), HOLD_STEP.toNanos(), TimeUnit.NANOSECONDS);
      return;
    }
    UpstreamHalf ready = context.pool(client.loop()).take(key);
    if (ready != null) {
      acquired(ready);
    } else {
      dial();
    }
  }

  private void dial() {
    Future<Upstream> dial = context.dialer().open(client.loop(), key);
    dialling = dial;
    dial.addListener((Future<Upstream> opened) -> {
      dialling = null;
      if (opened.isSuccess()) {
        acquired(context.pool(client.loop()).use(opened.getNow()));
      } else {
        var failure = DialFailure.of(opened.cause());
        if (failure.isLoop() && !over) {
          client.reportLoop();
        }
        fail(failure.kind(), failure.answer(), Http2Error.REFUSED_STREAM.code());
      }
    });
  }

  private void acquired(UpstreamHalf half) {
    if (over) {
      half.release(true);
      return;
    }
    upstream = half;
    if (half.isHttp1() && Headers.first(toSend.headers(), Http2Heads.PROTOCOL).isPresent()) {
      fail(FailureKind.MALFORMED, ErrorResponse.noTunnel(), Http2Error.REFUSED_STREAM.code());
      return;
    }
    if (!half.isHttp1() && received.version() != HttpVersion.HTTP_2) {
      Optional<String> wrong = Http2Heads.unsendable(toSend);
      if (wrong.isPresent()) {
        fail(
            FailureKind.MALFORMED,
            ErrorResponse.malformed(wrong.get()),
            Http2Error.PROTOCOL_ERROR.code());
        return;
      }
    }
    reused = half.connection().used();
    recorder.acquired(half.connection());
    half.send(this, toSend, framing, takesWholeFrames());
    if (requestDone && !framing.isEmpty()) {
      // Its end came while there was no connection; there was nothing before it.
      half.end(requestTrailers);
    }
    client.pump();
    if (!over) {
      half.flush();
      pull();
    }
  }

  /** Whether bytes of the client are this request's body now. */
  boolean takesBody() {
    return upstream != null && !requestDone && !over;
  }

  /** Whether the body is wanted with the framing of chunks it came in. */
  boolean takesWholeFrames() {
    return upstream != null && upstream.isHttp1() && framing.isOfHttp1();
  }

  /** Whether the whole request was read. */
  boolean requestDone() {
    return requestDone;
  }

  /** A part of the request's body; taken over. */
  void body(ByteBuf bytes, long content) {
    bodyConsumed = true;
    if (upstream != null && !requestAbandoned && !over) {
      if (!takesWholeFrames() && wantsRequestContent()) {
        requestContent(bytes.nioBuffer());
      }
      recorder.requestBody(content);
      upstream.body(bytes);
    } else {
      bytes.release();
    }
  }

  /** Whether {@link #requestContent} is of use. */
  boolean wantsRequestContent() {
    return !requestAbandoned && recorder.wantsRequestContent();
  }

  /** What of a part that follows is content, where that has the framing of chunks. */
  void requestContent(ByteBuffer content) {
    recorder.requestContent(content);
  }

  /** The request's body has ended. */
  void bodyEnded(List<Header> ofRequest) {
    if (over || requestDone) {
      return;
    }
    requestDone = true;
    requestTrailers = ofRequest;
    if (upstream != null && !requestAbandoned) {
      upstream.end(ofRequest);
    }
    if (response == Response.WRITTEN) {
      complete();
    }
  }

  /** The request's body is not what its head announced. */
  void bodyFault(String why) {
    fail(
        FailureKind.MALFORMED,
        ErrorResponse.malformed("its body: " + why),
        Http2Error.PROTOCOL_ERROR.code());
  }

  /** The client's read is over. */
  void clientReadComplete() {
    if (upstream != null && !over) {
      upstream.flush();
    }
    pull();
  }

  /** The client can take more, or has ended its output. */
  void clientChanged() {
    pull();
  }

  /** Asks for what may come next, on both sides. */
  private void pull() {
    if (over) {
      return;
    }
    if (!requestDone && client.inputEnded() && upstream != null) {
      if (response == Response.WRITTEN) {
        complete();
        return;
      } else if (response == Response.AWAITED) {
        clientGone("the client ended the connection within the request's body");
        return;
      }
    }
    if (upstream != null) {
      if (requestDone || requestAbandoned || upstream.isWritable()) {
        client.readMore();
      }
      if (over || upstream == null) {
        return;
      }
      if (response == Response.RECEIVED || response == Response.WRITTEN || client.isWritable()) {
        upstream.read();
      }
    } else {
      client.readMore();
    }
  }

  /** The client's connection is closed, or its end will not be waited for. */
  void clientGone(String detail) {
    end(FailureKind.CLIENT_GONE, detail, Http2Error.CANCEL.code());
    client.close();
  }

  /** Nothing has moved for the idle time-out. */
  void idle() {
    String detail = "nothing moved for " + Text.time(context.plan().timeouts().idle());
    fail(
        FailureKind.TIMEOUT,
        ErrorResponse.failed(FailureKind.TIMEOUT, detail),
        Http2Error.CANCEL.code());
  }

  /** Ends it without an answer. */
  void abort(FailureKind kind, String detail) {
    end(kind, detail, Http2Error.CANCEL.code());
  }

  /** The client's stream is closed although its response was handed over. */
  void clientStreamClosed() {
    clientStreamClosed = true;
    if (response == Response.WRITTEN) {
      complete();
    }
  }

  /** Ends it because the client has given its stream up, with this code. */
  void abort(String detail, long code) {
    if (response == Response.WRITTEN && code == Http2Error.NO_ERROR.code()) {
      complete();
    } else {
      end(FailureKind.CLIENT_GONE, detail, code);
    }
  }

  // What the upstream sends.

  @Override
  public void informational(ResponseHead head) {
    client.touch();
    if (++informational > MAX_INFORMATIONAL) {
      malformed("more than %d informational responses".formatted(MAX_INFORMATIONAL));
    } else {
      client.informational(head);
    }
  }

  @Override
  public void response(ResponseHead head, Framing body) {
    client.touch();
    if (over || upstream == null) {
      return;
    }
    Optional<DialFailure> refusal = ProxyRefusal.ofResponse(key, head);
    if (refusal.isPresent()) {
      fail(refusal.get().kind(), refusal.get().answer(), Http2Error.REFUSED_STREAM.code());
      return;
    }
    recorder.responseHead(head, upstream.connection().remote());
    response = Response.STREAMING;
    wholeFrames = client.response(head, body, upstream.isHttp1(), requestDone);
    if (wholeFrames) {
      upstream.wholeFrames();
    }
  }

  @Override
  public void switched(ResponseHead head, Side connection, ByteBuf early) {
    if (over || upstream == null) {
      early.release();
      return;
    }
    if (!requestDone) {
      early.release();
      malformed("a change of protocol before the request ended");
      return;
    }
    recorder.responseHead(head, upstream.connection().remote());
    response = Response.STREAMING;
    relay = client.relay(head, connection, early, new Listening(recorder), this::relayClosed);
  }

  @Override
  public void responseBody(ByteBuf bytes, long content) {
    client.touch();
    if (!wholeFrames && recorder.wantsResponseContent()) {
      recorder.responseContent(bytes.nioBuffer());
    }
    recorder.responseBody(content);
    client.body(bytes);
  }

  @Override
  public boolean wantsResponseContent() {
    return recorder.wantsResponseContent();
  }

  @Override
  public void responseContent(ByteBuffer content) {
    recorder.responseContent(content);
  }

  @Override
  public void contentComplete() {
    if (!over) {
      client.flush(written -> contentWritten = written);
    }
  }

  @Override
  public void responseEnded(List<Header> ofResponse) {
    if (over) {
      return;
    }
    response = Response.RECEIVED;
    trailers = ofResponse;
    client.end(ofResponse, this::responseWritten);
    if (requestDone && !over) {
      letGo();
    }
  }

  private void responseWritten(boolean written) {
    if (over) {
      return;
    }
    if (!written) {
      clientGone("the client closed the connection before it had the whole response");
      return;
    }
    response = Response.WRITTEN;
    if (requestDone || requestAbandoned || clientStreamClosed || upstream == null) {
      complete();
    } else if (upstream.isHttp1() || !client.isStream()) {
      abandonWhenStill(recorder.requestBytes());
    }
  }

  @Override
  public void responseReadComplete() {
    if (!over) {
      client.flush();
      pull();
    }
  }

  @Override
  public void requestWritable() {
    client.touch();
    pull();
  }

  @Override
  public void lost(Loss why) {
    if (over || upstream == null) {
      return;
    }
    if (why instanceof Loss.Malformed(var reason)) {
      malformed(reason);
    } else if (response == Response.AWAITED) {
      withoutResponse(upstream, why);
    } else if (response == Response.STREAMING) {
      String how = why instanceof Loss.Reset ? "reset the stream" : "closed the connection";
      String code = why instanceof Loss.Reset(var number) ? " (" + codeName(number) + ")" : "";
      fail(
          FailureKind.RESET,
          ErrorResponse.failed(
              FailureKind.RESET, "%s %s within the response%s".formatted(host(), how, code)),
          codeOf(why));
    } else {
      requestAbandoned = true;
      if (response == Response.WRITTEN) {
        complete();
      }
    }
  }

  /**
   * The response was complete before the request. A client that goes on sending is let finish; one
   * that has stopped (as after a refused {@code Expect: 100-continue}) is not waited for.
   */
  private void abandonWhenStill(long before) {
    var _ =
        client
            .loop()
            .schedule(
                () -> {
                  if (over) {
                    return;
                  }
                  if (recorder.requestBytes() == before) {
                    complete();
                  } else {
                    abandonWhenStill(recorder.requestBytes());
                  }
                },
                context.plan().timeouts().linger().toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void complete() {
    if (over) {
      return;
    }
    over = true;
    recorder.finished(trailers);
    letGo();
    client.over(requestDone);
  }

  /** Gives the upstream connection back. */
  private void letGo() {
    UpstreamHalf half = upstream;
    upstream = null;
    if (half != null) {
      half.release(requestDone && !requestAbandoned);
    }
  }

  private void withoutResponse(UpstreamHalf dead, Loss why) {
    if (!dead.connection().used()
        && why instanceof Loss.Closed(var cause, var anyByte)
        && !anyByte) {
      Optional<DialFailure> refused = dead.connection().certificateFailure(cause);
      if (refused.isPresent()) {
        fail(refused.get().kind(), refused.get().answer(), codeOf(why));
        return;
      }
    }
    boolean repeatable =
        switch (why) {
          // RFC 9110 section 9.2.2: what is not idempotent is not sent twice, unless it was not
          // sent: a request without its body cannot have been acted on.
          case Loss.Closed(_, var anyByte) ->
              reused
                  && !anyByte
                  && ((!framing.isEmpty() && !requestDone)
                      || IDEMPOTENT.contains(received.method()));
          // RFC 9113 section 8.7: such a request is safe to send again.
          case Loss.Refused() -> true;
          case Loss.Reset _, Loss.Malformed _ -> false;
        };
    if (repeatable && !bodyConsumed && !retried) {
      retried = true;
      upstream = null;
      dead.abandon(Http2Error.CANCEL.code());
      if (why instanceof Loss.Refused) {
        start();
      } else {
        dial();
      }
      return;
    }
    // A client of HTTP/2 hears of an upstream's code by the same code.
    boolean mirrored =
        client.isStream() && (why instanceof Loss.Reset || why instanceof Loss.Refused);
    fail(
        FailureKind.RESET,
        ErrorResponse.failed(FailureKind.RESET, host() + " " + describe(why)),
        codeOf(why),
        !mirrored);
  }

  private static String describe(Loss why) {
    return switch (why) {
      case Loss.Closed(var cause, var anyByte) ->
          "%s the connection %s"
              .formatted(
                  cause == null ? "closed" : "reset",
                  anyByte ? "within the head of its response" : "without a response");
      case Loss.Refused() -> "refused the stream";
      case Loss.Reset(var code) ->
          "reset the stream (%s) without a response".formatted(codeName(code));
      case Loss.Malformed(var reason) -> reason;
    };
  }

  private static long codeOf(Loss why) {
    return switch (why) {
      case Loss.Closed _ -> Http2Error.INTERNAL_ERROR.code();
      case Loss.Refused() -> Http2Error.REFUSED_STREAM.code();
      case Loss.Reset(var code) -> code;
      case Loss.Malformed _ -> Http2Error.PROTOCOL_ERROR.code();
    };
  }

  private static String codeName(long code) {
    Http2Error known = Http2Error.valueOf(code);
    return known == null ? "code " + code : known.name();
  }

  private void malformed(String why) {
    fail(
        FailureKind.MALFORMED,
        ErrorResponse.malformedResponse(host(), why),
        Http2Error.PROTOCOL_ERROR.code());
  }

  /** Finds messages in what is relayed, such as that of a WebSocket. */
  private record Listening(ExchangeRecorder recorder) implements Relay.Tap {
    @Override
    public void up(ByteBuf bytes) {
      if (recorder.wantsRequestContent()) {
        recorder.requestContent(bytes.nioBuffer());
      }
    }

    @Override
    public void down(ByteBuf bytes) {
      if (recorder.wantsResponseContent()) {
        recorder.responseContent(bytes.nioBuffer());
      }
    }
  }

  private void relayClosed(Relay ended) {
    if (!over) {
      over = true;
      recorder.relayed(ended.up(), ended.down());
      recorder.finished(List.of());
    }
  }

  /** Ends it with an answer if the client can still get one; otherwise the client is cut. */
  private void fail(FailureKind kind, ErrorResponse answer, long code) {
    fail(kind, answer, code, true);
  }

  private void fail(FailureKind kind, ErrorResponse answer, long code, boolean mayAnswer) {
    if (over) {
      return;
    }
    boolean answerable = mayAnswer && response == Response.AWAITED;
    end(kind, answer.text(), code);
    if (answerable) {
      client.answer(answer, requestDone);
    } else {
      client.breakOff(code);
    }
  }

  private void end(FailureKind kind, String detail, long code) {
    if (over) {
      return;
    }
    over = true;
    if (relay != null) {
      recorder.relayed(relay.up(), relay.down());
    }
    if (kind == FailureKind.CLIENT_GONE && contentWritten) {
      // It has all that was announced, and need not wait to be told that this was the end.
      recorder.finished(trailers);
    } else {
      recorder.failed(kind, detail);
    }
    if (dialling != null) {
      dialling.cancel(false);
    }
    UpstreamHalf half = upstream;
    upstream = null;
    if (half != null) {
      half.abandon(code);
    }
  }

  private String host() {
    return key.target().host();
  }
}
