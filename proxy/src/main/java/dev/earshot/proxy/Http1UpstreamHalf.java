package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One request on a connection of HTTP/1, which has no other until this has ended. */
final class Http1UpstreamHalf implements UpstreamHalf, Side.Events {
  private enum State {
    HEAD,
    BODY,
    ENDED
  }

  private final Upstream connection;
  private final UpstreamPool pool;
  private final ProxyLimits limits;
  private @Nullable Events listener;
  private RequestHead request = new RequestHead("", "", HttpVersion.HTTP_1_1, List.of());
  private @Nullable Http1Body body;
  private State state = State.HEAD;
  private ByteBuf head = Unpooled.EMPTY_BUFFER;
  private @Nullable BodyScanner scanner;
  private boolean wholeFrames;
  private boolean requestEnded;
  private boolean anyByte;
  private boolean reusable = true;
  private boolean over;

  Http1UpstreamHalf(Upstream connection, UpstreamPool pool, ProxyLimits limits) {
    this.connection = connection;
    this.pool = pool;
    this.limits = limits;
  }

  @Override
  public Upstream connection() {
    return connection;
  }

  @Override
  public boolean isHttp1() {
    return true;
  }

  @Override
  public void send(Events to, RequestHead toSend, Framing framing, boolean asItIs) {
    listener = to;
    request = inHttp1(toSend);
    requestEnded = framing.isEmpty();
    Side side = connection.side();
    boolean chunks = framing instanceof Framing.Stream && !hasLength(toSend.headers());
    body = new Http1Body(side, chunks ? Http1Body.Form.CHUNKS : Http1Body.Form.AS_IT_IS);
    side.listen(this);
    side.write(HeadWriter.write(side.channel().alloc(), chunks ? chunked(request) : request));
  }

  private static RequestHead inHttp1(RequestHead head) {
    return head.version() == HttpVersion.HTTP_2
        ? new RequestHead(
            head.method(),
            head.target(),
            HttpVersion.HTTP_1_1,
            Http2Heads.joinedCookies(head.headers()))
        : head;
  }

  private static RequestHead chunked(RequestHead head) {
    List<Header> headers = new ArrayList<>(head.headers());
    headers.add(new Header("Transfer-Encoding", "chunked"));
    return new RequestHead(head.method(), head.target(), head.version(), headers);
  }

  private static boolean hasLength(List<Header> headers) {
    return Headers.first(headers, "Content-Length").isPresent();
  }

  @Override
  public void body(ByteBuf bytes) {
    if (body == null) {
      bytes.release();
    } else {
      body.part(bytes);
    }
  }

  @Override
  public void end(List<Header> trailers) {
    requestEnded = true;
    if (body != null) {
      body.end(trailers);
      flush();
    }
  }

  @Override
  public void flush() {
    connection.side().flush();
  }

  @Override
  public boolean isWritable() {
    return connection.side().isWritable();
  }

  @Override
  public void read() {
    connection.side().read();
  }

  @Override
  public void wholeFrames() {
    wholeFrames = true;
  }

  @Override
  public void release(boolean wholeRequest) {
    over = true;
    dropHead();
    if (listener == null) {
      pool.put(connection);
    } else if (reusable && wholeRequest && state == State.ENDED) {
      connection.markUsed();
      pool.put(connection);
    } else {
      connection.side().listen(new Dropped());
      connection.side().close();
    }
  }

  @Override
  public void abandon(long code) {
    over = true;
    dropHead();
    connection.side().listen(new Dropped());
    connection.side().cut();
  }

  private void dropHead() {
    head.release();
    head = Unpooled.EMPTY_BUFFER;
  }

  // What the upstream sends.

  @Override
  public void bytes(ByteBuf bytes) {
    anyByte = true;
    switch (state) {
      case HEAD -> {
        head = Buffers.append(connection.side().channel().alloc(), head, bytes);
        parseHead();
      }
      case BODY -> stream(bytes);
      case ENDED -> {
        reusable = false;
        bytes.release();
      }
    }
  }

  @Override
  public void readComplete() {
    if (listener != null) {
      listener.responseReadComplete();
    }
  }

  @Override
  public void writable() {
    if (listener != null) {
      listener.requestWritable();
    }
  }

  @Override
  public void ended() {
    gone(connection.side().writeFailure());
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    if (over) {
      return;
    }
    reusable = false;
    if (state == State.BODY && scanner != null && scanner.untilClose() && cause == null) {
      responseEnded();
    } else {
      lost(new Loss.Closed(cause, anyByte));
    }
  }

  private void lost(Loss why) {
    if (listener != null) {
      listener.lost(why);
    }
  }

  private void malformed(String why) {
    lost(new Loss.Malformed(why));
  }

  private void parseHead() {
    while (state == State.HEAD && !over) {
      int length = Math.min(head.readableBytes(), limits.headBytes());
      byte[] bytes = ByteBufUtil.getBytes(head, head.readerIndex(), length, true);
      switch (HeadParser.response(bytes, length)) {
        case ParsedHead.NeedMore<ResponseHead>() -> {
          if (length == limits.headBytes()) {
            malformed("a head of more than %d bytes".formatted(limits.headBytes()));
          }
          return;
        }
        case ParsedHead.Malformed<ResponseHead>(var reason, _) -> malformed(reason);
        case ParsedHead.Complete<ResponseHead>(var parsed, var consumed) -> {
          head.skipBytes(consumed);
          head(parsed);
        }
      }
    }
  }

  private void head(ResponseHead parsed) {
    if (listener == null) {
      return;
    }
    if (parsed.headers().size() > limits.headerCount()) {
      malformed("more than %d header lines".formatted(limits.headerCount()));
    } else if (parsed.status() == 101) {
      if (Forwarding.wantsUpgrade(request) && reusable) {
        switched(listener, parsed);
      } else {
        malformed("a change of protocol that was not asked for");
      }
    } else if (parsed.status() < 200) {
      listener.informational(parsed);
    } else if (request.method().equals("CONNECT") && parsed.status() < 300) {
      switched(listener, parsed);
    } else {
      finalHead(listener, parsed);
    }
  }

  private void switched(Events to, ResponseHead parsed) {
    state = State.ENDED;
    over = true;
    ByteBuf early = head;
    head = Unpooled.EMPTY_BUFFER;
    to.switched(parsed, connection.side(), early);
  }

  private void finalHead(Events to, ResponseHead parsed) {
    Framing framing = Framing.ofResponse(parsed, request.method());
    if (framing instanceof Framing.Refused(var reason)) {
      malformed(reason);
      return;
    }
    // Who answered before the request had ended may take its rest for another one.
    reusable &= requestEnded && Forwarding.keepsAlive(parsed.version(), parsed.headers());
    scanner = new BodyScanner(framing, limits);
    state = State.BODY;
    to.response(parsed, framing);
    ByteBuf rest = head;
    head = Unpooled.EMPTY_BUFFER;
    stream(rest);
  }

  /** Tells of bytes of the body; takes them over. */
  private void stream(ByteBuf bytes) {
    try {
      if (scanner == null || listener == null || over) {
        return;
      }
      long before = scanner.contentBytes();
      if (wholeFrames) {
        Events to = listener;
        int count =
            to.wantsResponseContent()
                ? scanner.scan(
                    bytes,
                    bytes.readerIndex(),
                    bytes.writerIndex(),
                    (from, length) -> to.responseContent(bytes.nioBuffer(from, length)))
                : scanner.scan(bytes, bytes.readerIndex(), bytes.writerIndex());
        if (count > 0) {
          listener.responseBody(bytes.readRetainedSlice(count), scanner.contentBytes() - before);
        }
      } else {
        Events to = listener;
        int count =
            scanner.scan(
                bytes,
                bytes.readerIndex(),
                bytes.writerIndex(),
                (from, length) -> to.responseBody(bytes.retainedSlice(from, length), length));
        bytes.skipBytes(count);
      }
      if (over) {
        return;
      }
      if (!scanner.fault().isEmpty()) {
        malformed(scanner.fault());
      } else if (scanner.finished()) {
        reusable &= !bytes.isReadable();
        responseEnded();
      }
    } finally {
      bytes.release();
    }
  }

  private void responseEnded() {
    if (state == State.BODY && listener != null && scanner != null) {
      state = State.ENDED;
      listener.responseEnded(scanner.trailers());
    }
  }
}
