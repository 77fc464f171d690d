package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One request on a stream of a client's connection of HTTP/2. */
final class Http2ClientHalf implements ClientHalf {
  private final Http2Client client;
  private final Http2Codec codec;
  private final Http2Body stream;
  private final RequestHead head;

  /** What came of the request's body and could not go on yet: less than the stream's window. */
  private ByteBuf waiting = Unpooled.EMPTY_BUFFER;

  private @Nullable List<Header> trailers;
  private @Nullable Exchange exchange;
  private long lastMove = System.nanoTime();
  private boolean responseEnded;
  private boolean endedWithHead;
  private @Nullable ChannelFuture writtenHead;

  Http2ClientHalf(Http2Client client, Http2Codec codec, Http2Body stream, RequestHead head) {
    this.client = client;
    this.codec = codec;
    this.stream = stream;
    this.head = head;
  }

  void start(Exchange made) {
    exchange = made;
    made.start();
  }

  /** Refuses what never became an exchange. */
  void refuse(ErrorResponse answer) {
    client.connection().report(answer, OptionalLong.empty());
    answer(answer, false);
  }

  // What the client sends.

  void data(ByteBuf bytes, boolean end) {
    lastMove = System.nanoTime();
    stream.came(bytes.readableBytes());
    if (!bytes.isReadable()) {
      bytes.release();
    } else if (exchange != null && exchange.takesBody() && !waiting.isReadable()) {
      int length = bytes.readableBytes();
      exchange.body(bytes, length);
    } else {
      waiting = Buffers.collect(alloc(), waiting, bytes);
    }
    if (end) {
      ended(List.of());
    } else {
      pump();
    }
  }

  void ended(List<Header> ofRequest) {
    trailers = ofRequest;
    pump();
  }

  void readComplete() {
    if (exchange != null) {
      exchange.clientReadComplete();
    }
  }

  void writable() {
    touch();
    stream.writable();
    if (exchange != null) {
      exchange.clientChanged();
    }
  }

  /** The client will send nothing more on any stream. */
  void inputEnd() {
    if (exchange != null) {
      exchange.clientChanged();
    }
  }

  /** How long nothing has moved; nothing can where the exchange is over. */
  long idleNanos(long now) {
    return exchange == null ? 0 : now - lastMove;
  }

  void idle() {
    if (exchange != null) {
      exchange.idle();
    }
  }

  void reset(long code) {
    Http2Error known = Http2Error.valueOf(code);
    String name = known == null ? "code " + code : known.name();
    if (exchange != null) {
      exchange.abort("the client reset the stream (%s)".formatted(name), code);
    }
  }

  void fault(String why) {
    if (exchange != null) {
      exchange.abort(FailureKind.MALFORMED, "cannot accept the request: " + why);
    }
  }

  void abort(FailureKind kind, String why) {
    if (exchange != null) {
      exchange.abort(kind, why);
    }
  }

  /** The stream is closed, whatever came before. */
  void closed() {
    dropWaiting();
    stream.closed();
    if (exchange != null && responseEnded) {
      exchange.clientStreamClosed();
    } else if (exchange != null) {
      exchange.abort(
          FailureKind.CLIENT_GONE, "the client closed the connection before the response ended");
    }
  }

  private void dropWaiting() {
    waiting.release();
    waiting = Unpooled.EMPTY_BUFFER;
  }

  // What the exchange asks of it.

  @Override
  public EventLoop loop() {
    return client.connection().loop();
  }

  @Override
  public ByteBufAllocator alloc() {
    return client.connection().alloc();
  }

  @Override
  public void touch() {
    lastMove = System.nanoTime();
    client.connection().touch();
  }

  @Override
  public void pump() {
    Exchange to = exchange;
    if (to != null && to.takesBody() && waiting.isReadable()) {
      ByteBuf bytes = waiting;
      waiting = Unpooled.EMPTY_BUFFER;
      to.body(bytes, bytes.readableBytes());
    }
    if (to != null && to.takesBody() && trailers != null) {
      to.bodyEnded(trailers);
    }
  }

  @Override
  public void readMore() {
    if (!waiting.isReadable()) {
      stream.consume();
    }
  }

  @Override
  public boolean inputEnded() {
    return client.inputEnded() && !waiting.isReadable() && trailers == null;
  }

  @Override
  public boolean isWritable() {
    return stream.isWritable();
  }

  @Override
  public boolean isStream() {
    return true;
  }

  @Override
  public void informational(ResponseHead informational) {
    var _ = write(Forwarding.response(informational, false, Optional.empty()), false);
    flush();
  }

  @Override
  public boolean response(
      ResponseHead response, Framing framing, boolean http1, boolean wholeRequest) {
    endedWithHead = framing.isEmpty();
    responseEnded = endedWithHead;
    writtenHead = write(Forwarding.response(response, false, Optional.empty()), endedWithHead);
    return false;
  }

  private ChannelFuture write(ResponseHead response, boolean end) {
    return codec
        .encoder()
        .writeHeaders(
            codec.context(),
            stream.id(),
            Http2Heads.response(response),
            0,
            end,
            codec.context().newPromise());
  }

  @Override
  public void body(ByteBuf bytes) {
    stream.part(bytes);
  }

  @Override
  public void end(List<Header> ofResponse, Consumer<Boolean> written) {
    responseEnded = true;
    if (endedWithHead) {
      flush();
      written.accept(codec.context().channel().isActive());
    } else {
      var last = stream.end(ofResponse);
      flush();
      last.addListener(done -> written.accept(done.isSuccess()));
    }
  }

  @Override
  public void flush() {
    stream.flush();
  }

  @Override
  public void flush(Consumer<Boolean> written) {
    ChannelFuture last = stream.lastPart().or(() -> Optional.ofNullable(writtenHead)).orElseThrow();
    flush();
    last.addListener(done -> written.accept(done.isSuccess()));
  }

  @Override
  public void answer(ErrorResponse answer, boolean wholeRequest) {
    responseEnded = true;
    boolean withBody = !head.method().equals("HEAD");
    ChannelFuture last = write(answer.head(false), !withBody);
    if (withBody) {
      stream.part(Unpooled.wrappedBuffer(answer.body()));
      last = stream.end(List.of());
    }
    flush();
    exchange = null;
    dropWaiting();
    // A reset throws away what the client's window has no room for yet.
    last.addListener(written -> over(wholeRequest));
    if (!last.isDone()) {
      client.connection().later(() -> over(false));
    }
  }

  @Override
  public void breakOff(long code) {
    exchange = null;
    dropWaiting();
    // What came of the response goes out first: a reset throws away what waits.
    flush();
    stream.reset(code);
  }

  @Override
  public void over(boolean wholeRequest) {
    exchange = null;
    dropWaiting();
    if (!wholeRequest) {
      // RFC 9113 section 8.1: the response is complete, and no more of the request is wanted.
      stream.reset(Http2Error.NO_ERROR.code());
    }
  }

  @Override
  public void close() {
    breakOff(Http2Error.CANCEL.code());
  }

  @Override
  public void reportLoop() {
    client.connection().reportLoop();
  }

  @Override
  public Relay relay(
      ResponseHead response, Side upstream, ByteBuf early, Relay.Tap tap, Consumer<Relay> closed) {
    throw new IllegalStateException("HTTP/2 does not change the protocol");
  }
}
