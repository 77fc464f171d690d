package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response on their way through: takes the request's body from the client's
 * connection, and listens to the upstream's. Bodies are passed on as they are, by reference. On the
 * event loop that both connections share.
 */
final class Exchange implements Side.Events {
  /** RFC 9110 section 9.2.2. */
  private static final Set<String> IDEMPOTENT =
      Set.of("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE");

  /** More 1xx responses before a final one are not an answer but a flood. */
  private static final int MAX_INFORMATIONAL = 64;

  private enum Response {
    AWAITED,
    STREAMING,
    RECEIVED,
    WRITTEN
  }

  private final ProxyContext context;
  private final ClientConnection client;
  private final ExchangeRecorder recorder;
  private final RequestHead received;
  private final RequestHead toSend;
  private final UpstreamKey key;
  private final BodyScanner requestBody;
  private final boolean hasRequestBody;
  private final boolean clientKeepsAlive;

  private @Nullable Upstream upstream;
  private boolean bodyConsumed;
  private boolean requestDone;
  private boolean requestAbandoned;
  private boolean retried;
  private boolean reusable = true;
  private boolean anyResponseByte;
  private Response response = Response.AWAITED;
  private ByteBuf responseHead = Unpooled.EMPTY_BUFFER;
  private int informational;
  private boolean withoutChunks;
  private boolean toldClose;
  private @Nullable BodyScanner responseBody;
  private @Nullable Relay relay;
  private boolean over;

  /**
   * Makes an exchange; {@link #start} starts it.
   *
   * @param received the head as it came
   * @param toSend the head as it goes on
   */
  Exchange(
      ProxyContext context,
      ClientConnection client,
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
    this.key = key;
    this.requestBody = new BodyScanner(framing, context.plan().limits());
    this.requestDone = requestBody.finished();
    this.hasRequestBody = !requestDone;
    this.clientKeepsAlive = Forwarding.keepsAlive(received.version(), received.headers());
  }

  /** Gets a connection and sends the request. */
  void start() {
    Upstream idle = context.pool(client.loop()).take(key);
    if (idle != null) {
      acquired(idle);
    } else {
      dial();
    }
  }

  private void dial() {
    context
        .dialer()
        .open(client.loop(), key)
        .addListener((Future<Upstream> opened) -> {
          if (opened.isSuccess()) {
            acquired(opened.getNow());
          } else {
            var failure = DialFailure.of(opened.cause());
            if (failure.isLoop() && !over) {
              client.reportLoop();
            }
            fail(failure.kind(), failure.answer());
          }
        });
  }

  private void acquired(Upstream connection) {
    if (over) {
      context.pool(client.loop()).put(connection);
      return;
    }
    upstream = connection;
    recorder.acquired(connection);
    connection.side().listen(this);
    connection.side().write(HeadWriter.write(client.alloc(), toSend));
    client.pump();
    if (!over) {
      connection.side().flush();
      pull();
    }
  }

  /** Whether bytes of the client are this request's body now. */
  boolean takesBody() {
    return upstream != null && !requestDone && !over;
  }

  /** Whether the whole request was read. */
  boolean requestDone() {
    return requestDone;
  }

  /** Takes what belongs to the request's body out of the buffer, which stays the caller's. */
  void body(ByteBuf in) {
    long before = requestBody.contentBytes();
    int count = requestBody.scan(in, in.readerIndex(), in.writerIndex());
    if (count > 0) {
      bodyConsumed = true;
      ByteBuf part = in.readRetainedSlice(count);
      if (upstream != null && !requestAbandoned) {
        recorder.requestBody(requestBody.contentBytes() - before);
        upstream.side().write(part);
      } else {
        part.release();
      }
    }
    if (!requestBody.fault().isEmpty()) {
      fail(FailureKind.MALFORMED, ErrorResponse.malformed("its body: " + requestBody.fault()));
    } else if (requestBody.finished()) {
      requestDone = true;
      if (response == Response.WRITTEN) {
        complete();
      }
    }
  }

  /** The client's read is over. */
  void clientReadComplete() {
    if (upstream != null && !over) {
      upstream.side().flush();
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
      } else if (response == Response.AWAITED) {
        clientGone("the client ended the connection within the request's body");
      }
      return;
    }
    if (upstream != null) {
      if (requestDone || requestAbandoned || upstream.side().isWritable()) {
        client.readMore();
      }
      if (response == Response.RECEIVED || response == Response.WRITTEN || client.isWritable()) {
        upstream.side().read();
      }
    } else {
      client.readMore();
    }
  }

  /** The client's connection is closed, or its end will not be waited for. */
  void clientGone(String detail) {
    end(FailureKind.CLIENT_GONE, detail);
    client.close();
  }

  /** Nothing has moved for the idle time-out. */
  void idle() {
    String detail =
        "nothing moved for %d s".formatted(context.plan().timeouts().idle().toSeconds());
    fail(FailureKind.TIMEOUT, ErrorResponse.failed(FailureKind.TIMEOUT, detail));
  }

  /** Ends it without an answer. */
  void abort(FailureKind kind, String detail) {
    end(kind, detail);
  }

  // What the upstream sends.

  @Override
  public void bytes(ByteBuf bytes) {
    client.touch();
    anyResponseByte = true;
    switch (response) {
      case AWAITED -> {
        responseHead = Buffers.append(client.alloc(), responseHead, bytes);
        parseHead();
      }
      case STREAMING -> stream(bytes);
      case RECEIVED, WRITTEN -> {
        reusable = false;
        bytes.release();
      }
    }
  }

  @Override
  public void readComplete() {
    if (over) {
      return;
    }
    client.flush();
    pull();
  }

  @Override
  public void writable() {
    client.touch();
    pull();
  }

  @Override
  public void ended() {
    upstreamEnded(null);
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    upstreamEnded(cause);
  }

  private void parseHead() {
    while (response == Response.AWAITED && !over) {
      int limit = context.plan().limits().headBytes();
      int length = Math.min(responseHead.readableBytes(), limit);
      byte[] bytes = ByteBufUtil.getBytes(responseHead, responseHead.readerIndex(), length, true);
      switch (HeadParser.response(bytes, length)) {
        case ParsedHead.NeedMore<ResponseHead>() -> {
          if (length == limit) {
            malformed("a head of more than %d bytes".formatted(limit));
          }
          return;
        }
        case ParsedHead.Malformed<ResponseHead>(var reason, _) -> malformed(reason);
        case ParsedHead.Complete<ResponseHead>(var head, var consumed) -> {
          responseHead.skipBytes(consumed);
          head(head);
        }
      }
    }
  }

  private void head(ResponseHead head) {
    if (head.headers().size() > context.plan().limits().headerCount()) {
      malformed("more than %d header lines".formatted(context.plan().limits().headerCount()));
    } else if (head.status() == 101) {
      if (requestDone && Forwarding.wantsUpgrade(received)) {
        becomeRelay(head);
      } else {
        malformed("a change of protocol that was not asked for");
      }
    } else if (head.status() < 200) {
      if (++informational > MAX_INFORMATIONAL) {
        malformed("more than %d informational responses".formatted(MAX_INFORMATIONAL));
      } else if (received.version() == HttpVersion.HTTP_1_1) {
        // RFC 9110 section 15.2: not to a client of HTTP/1.0, which does not know them.
        client.write(Forwarding.response(head, false, Optional.empty()));
      }
    } else if (received.method().equals("CONNECT") && head.status() < 300) {
      becomeRelay(head);
    } else {
      finalHead(head);
    }
  }

  private void finalHead(ResponseHead head) {
    Framing framing = Framing.ofResponse(head, received.method());
    if (framing instanceof Framing.Refused(var reason)) {
      malformed(reason);
      return;
    }
    if (upstream != null) {
      recorder.responseHead(head, upstream.remote());
    }
    reusable &= Forwarding.keepsAlive(head.version(), head.headers());
    boolean old = received.version() == HttpVersion.HTTP_1_0;
    withoutChunks = old && framing instanceof Framing.Chunked;
    toldClose =
        !clientKeepsAlive
            || framing instanceof Framing.UntilClose
            || withoutChunks
            || !requestDone
            || client.stopping();
    Optional<String> connection =
        toldClose ? Optional.of("close") : old ? Optional.of("keep-alive") : Optional.empty();
    client.write(Forwarding.response(head, withoutChunks, connection));
    responseBody = new BodyScanner(framing, context.plan().limits());
    response = Response.STREAMING;
    ByteBuf rest = responseHead;
    responseHead = Unpooled.EMPTY_BUFFER;
    stream(rest);
  }

  /** Passes on bytes of the response's body; takes them over. */
  private void stream(ByteBuf bytes) {
    try {
      if (responseBody == null) {
        return;
      }
      int start = bytes.readerIndex();
      long before = responseBody.contentBytes();
      int count =
          withoutChunks
              ? responseBody.scan(
                  bytes,
                  start,
                  bytes.writerIndex(),
                  (from, length) -> client.write(bytes.retainedSlice(from, length)))
              : responseBody.scan(bytes, start, bytes.writerIndex());
      if (count > 0) {
        recorder.responseBody(responseBody.contentBytes() - before);
        if (withoutChunks) {
          bytes.skipBytes(count);
        } else {
          client.write(bytes.readRetainedSlice(count));
        }
      }
      if (!responseBody.fault().isEmpty()) {
        malformed(responseBody.fault());
      } else if (responseBody.finished()) {
        reusable &= !bytes.isReadable();
        responseReceived();
      }
    } finally {
      bytes.release();
    }
  }

  private void responseReceived() {
    response = Response.RECEIVED;
    client.flush(written -> {
      if (over) {
        return;
      }
      if (!written) {
        clientGone("the client closed the connection before it had the whole response");
        return;
      }
      response = Response.WRITTEN;
      if (requestDone) {
        complete();
      } else {
        abandonWhenStill(recorder.requestBytes());
      }
    });
    if (requestDone && !over) {
      letGo();
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
    recorder.finished(responseBody == null ? List.of() : responseBody.trailers());
    letGo();
    releaseHead();
    client.exchangeOver(!toldClose && requestDone);
  }

  /** Gives the upstream connection back, or closes it. */
  private void letGo() {
    Upstream connection = upstream;
    if (connection == null) {
      return;
    }
    upstream = null;
    if (reusable && requestDone && !requestAbandoned) {
      connection.markUsed();
      context.pool(client.loop()).put(connection);
    } else {
      connection.side().listen(new Dropped());
      connection.side().close();
    }
  }

  private void upstreamEnded(@Nullable Throwable cause) {
    if (over || upstream == null) {
      return;
    }
    reusable = false;
    if (response == Response.AWAITED) {
      withoutResponse(cause);
    } else if (response == Response.STREAMING) {
      if (responseBody != null && responseBody.untilClose() && cause == null) {
        responseReceived();
      } else {
        fail(
            FailureKind.RESET,
            ErrorResponse.failed(
                FailureKind.RESET,
                "%s closed the connection within the response".formatted(host())));
      }
    } else {
      requestAbandoned = true;
      if (response == Response.WRITTEN) {
        complete();
      }
    }
  }

  private void withoutResponse(@Nullable Throwable cause) {
    boolean stale = upstream != null && upstream.used() && !anyResponseByte;
    // RFC 9110 section 9.2.2: what is not idempotent is not sent twice, unless it was not sent:
    // a request without its body cannot have been acted on.
    boolean repeatable =
        !bodyConsumed && (hasRequestBody || IDEMPOTENT.contains(received.method()));
    if (stale && repeatable && !retried) {
      retried = true;
      reusable = true;
      Upstream dead = upstream;
      upstream = null;
      if (dead != null) {
        dead.side().listen(new Dropped());
        dead.side().cut();
      }
      dial();
      return;
    }
    String how = cause == null ? "closed" : "reset";
    String when = anyResponseByte ? "within the head of its response" : "without a response";
    fail(
        FailureKind.RESET,
        ErrorResponse.failed(
            FailureKind.RESET, "%s %s the connection %s".formatted(host(), how, when)));
  }

  private void malformed(String why) {
    fail(FailureKind.MALFORMED, ErrorResponse.malformedResponse(host(), why));
  }

  private void becomeRelay(ResponseHead head) {
    Upstream connection = upstream;
    if (connection == null) {
      return;
    }
    recorder.responseHead(head, connection.remote());
    client.write(Forwarding.response(head, false, upgradeOf(head)));
    response = Response.STREAMING;
    ByteBuf early = responseHead;
    responseHead = Unpooled.EMPTY_BUFFER;
    relay = client.relay(connection.side(), early, this::relayClosed);
  }

  private static Optional<String> upgradeOf(ResponseHead head) {
    return head.status() == 101 ? Optional.of("Upgrade") : Optional.empty();
  }

  private void relayClosed(Relay ended) {
    if (!over) {
      over = true;
      recorder.relayed(ended.up(), ended.down());
      recorder.finished(List.of());
    }
  }

  /** Ends it with an answer if the client can still get one; otherwise the client is cut. */
  private void fail(FailureKind kind, ErrorResponse answer) {
    if (over) {
      return;
    }
    boolean answerable = response == Response.AWAITED;
    end(kind, answer.text());
    if (answerable) {
      client.answer(answer, !received.method().equals("HEAD"), !clientKeepsAlive || !requestDone);
    } else {
      client.breakOff(withoutChunks || (responseBody != null && responseBody.untilClose()));
    }
  }

  private void end(FailureKind kind, String detail) {
    if (over) {
      return;
    }
    over = true;
    if (relay != null) {
      recorder.relayed(relay.up(), relay.down());
    }
    recorder.failed(kind, detail);
    releaseHead();
    Upstream connection = upstream;
    upstream = null;
    if (connection != null) {
      connection.side().listen(new Dropped());
      connection.side().cut();
    }
  }

  private void releaseHead() {
    responseHead.release();
    responseHead = Unpooled.EMPTY_BUFFER;
  }

  private String host() {
    return key.target().host();
  }
}
