package dev.earshot.proxy;

import dev.earshot.exchange.Headers;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One request of a client's connection of HTTP/1, which has no other at that time. */
final class Http1ClientHalf implements ClientHalf {
  private final ClientConnection connection;
  private final RequestHead request;
  private final BodyScanner requestBody;
  private Http1Body responseBody;
  private boolean toldClose;
  private boolean endsWithConnection;

  Http1ClientHalf(
      ClientConnection connection, RequestHead request, Framing framing, ProxyLimits limits) {
    this.connection = connection;
    this.request = request;
    requestBody = new BodyScanner(framing, limits);
    responseBody = new Http1Body(connection.side(), Http1Body.Form.AS_IT_IS);
  }

  // What the client sends.

  /** Gives the exchange what of these bytes is its request's body. */
  void pump(Exchange to, ByteBuf bytes) {
    if (!to.takesBody() || !bytes.isReadable()) {
      return;
    }
    long before = requestBody.contentBytes();
    if (to.takesWholeFrames()) {
      int count =
          to.wantsRequestContent()
              ? requestBody.scan(
                  bytes,
                  bytes.readerIndex(),
                  bytes.writerIndex(),
                  (from, length) -> to.requestContent(bytes.nioBuffer(from, length)))
              : requestBody.scan(bytes, bytes.readerIndex(), bytes.writerIndex());
      if (count > 0) {
        to.body(bytes.readRetainedSlice(count), requestBody.contentBytes() - before);
      }
    } else {
      int count =
          requestBody.scan(
              bytes,
              bytes.readerIndex(),
              bytes.writerIndex(),
              (from, length) -> to.body(bytes.retainedSlice(from, length), length));
      bytes.skipBytes(count);
    }
    if (!requestBody.fault().isEmpty()) {
      to.bodyFault(requestBody.fault());
    } else if (requestBody.finished()) {
      to.bodyEnded(requestBody.trailers());
    }
  }

  // What the exchange asks of it.

  @Override
  public EventLoop loop() {
    return connection.loop();
  }

  @Override
  public ByteBufAllocator alloc() {
    return connection.alloc();
  }

  @Override
  public void touch() {
    connection.touch();
  }

  @Override
  public void pump() {
    connection.pump();
  }

  @Override
  public void readMore() {
    connection.readMore();
  }

  @Override
  public boolean inputEnded() {
    return connection.inputEnded();
  }

  @Override
  public boolean isWritable() {
    return connection.side().isWritable();
  }

  @Override
  public boolean isStream() {
    return false;
  }

  @Override
  public void informational(ResponseHead head) {
    // RFC 9110 section 15.2: not to a client of HTTP/1.0, which does not know them.
    if (request.version() == HttpVersion.HTTP_1_1) {
      connection.write(Forwarding.response(head, false, Optional.empty()));
    }
  }

  @Override
  public boolean response(ResponseHead head, Framing framing, boolean http1, boolean wholeRequest) {
    boolean old = request.version() == HttpVersion.HTTP_1_0;
    boolean withoutChunks = old && framing instanceof Framing.Chunked;
    boolean hasLength = Headers.first(head.headers(), "Content-Length").isPresent();
    boolean needsFrames = framing instanceof Framing.Stream && !hasLength;
    endsWithConnection =
        framing instanceof Framing.UntilClose || withoutChunks || (needsFrames && old);
    toldClose = isLast(wholeRequest) || endsWithConnection || connection.stopping();
    Optional<String> option =
        toldClose ? Optional.of("close") : old ? Optional.of("keep-alive") : Optional.empty();
    boolean chunks = needsFrames && !old;
    ResponseHead toWrite = Forwarding.response(head, withoutChunks, option);
    boolean saysNothing = !http1 && framing.isEmpty() && !isBodiless(head) && !hasLength;
    connection.write(
        chunks
            ? Forwarding.with(toWrite, "Transfer-Encoding", "chunked")
            : saysNothing ? Forwarding.with(toWrite, "Content-Length", "0") : toWrite);
    if (chunks) {
      responseBody = new Http1Body(connection.side(), Http1Body.Form.CHUNKS);
    }
    return http1 && !withoutChunks;
  }

  /** RFC 9112 section 6.3: whatever its fields say. */
  private boolean isBodiless(ResponseHead head) {
    return request.method().equals("HEAD") || head.status() == 204 || head.status() == 304;
  }

  @Override
  public void body(ByteBuf bytes) {
    responseBody.part(bytes);
  }

  @Override
  public void end(List<Header> trailers, Consumer<Boolean> written) {
    responseBody.end(trailers);
    connection.side().flush(written);
  }

  @Override
  public void flush() {
    connection.flush();
  }

  @Override
  public void flush(Consumer<Boolean> written) {
    connection.side().flush(written);
  }

  @Override
  public void answer(ErrorResponse answer, boolean wholeRequest) {
    connection.answer(answer, !request.method().equals("HEAD"), isLast(wholeRequest));
  }

  /** Whether the connection cannot serve another request after this one. */
  private boolean isLast(boolean wholeRequest) {
    return !wholeRequest || !Forwarding.keepsAlive(request.version(), request.headers());
  }

  @Override
  public void over(boolean wholeRequest) {
    connection.exchangeOver(!toldClose && wholeRequest);
  }

  @Override
  public void breakOff(long code) {
    connection.breakOff(endsWithConnection);
  }

  @Override
  public void close() {
    connection.close();
  }

  @Override
  public void reportLoop() {
    connection.reportLoop();
  }

  @Override
  public Relay relay(
      ResponseHead head,
      Side upstream,
      ByteBuf bytesOfUpstream,
      Relay.Tap tap,
      Consumer<Relay> closed) {
    Optional<String> option = head.status() == 101 ? Optional.of("Upgrade") : Optional.empty();
    connection.write(Forwarding.response(head, false, option));
    return connection.tunnel(upstream, connection.takeUnread(), bytesOfUpstream, tap, closed);
  }
}
