package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The upstream's half of one exchange: takes the request, and tells of the response. One request of
 * a connection of HTTP/1, or a stream of one of HTTP/2. On its event loop.
 */
interface UpstreamHalf {
  /** Who is told of the response. */
  interface Events {
    /** A 1xx response that is not the final one. */
    void informational(ResponseHead head);

    /** The head of the final response, and where its body ends. */
    void response(ResponseHead head, Framing framing);

    /** The upstream has changed the protocol: its connection is the listener's. */
    void switched(ResponseHead head, Side connection, ByteBuf early);

    /**
     * Bytes of the body, with the framing of chunks if {@link UpstreamHalf#wholeFrames} was asked
     * for. Their owner is the listener.
     */
    void responseBody(ByteBuf bytes, long content);

    /** Whether {@link #responseContent} is of use. */
    boolean wantsResponseContent();

    /**
     * What of the bytes that follow is content, where those have the framing of chunks. All of the
     * buffer is taken, during the call.
     */
    void responseContent(ByteBuffer content);

    /** All the content that was announced has come, but not yet the end. */
    void contentComplete();

    /** The response is whole. */
    void responseEnded(List<Header> trailers);

    /** A read is over: the time to flush. */
    void responseReadComplete();

    /** More of the request can be taken. */
    void requestWritable();

    /** There will be no response, or no more of it. */
    void lost(Loss why);
  }

  /** Why an upstream's half ended before its response did. */
  sealed interface Loss {
    /** The connection is closed; {@code anyByte} of a response came before. */
    record Closed(@Nullable Throwable cause, boolean anyByte) implements Loss {}

    /** The upstream has certainly not looked at the request (RFC 9113 section 8.7). */
    record Refused() implements Loss {}

    /** The upstream has ended the stream with this code (RFC 9113 section 7). */
    record Reset(long code) implements Loss {}

    /** What came is not HTTP. */
    record Malformed(String why) implements Loss {}
  }

  /** The connection it is on. */
  Upstream connection();

  /** Whether bodies have framing that can be passed on as it is. */
  boolean isHttp1();

  /** Sends the head, without flushing; a body follows unless there is none. */
  void send(Events listener, RequestHead head, Framing framing, boolean wholeFrames);

  /** Sends a part of the body; takes it over. */
  void body(ByteBuf bytes);

  /** The request's body has ended. */
  void end(List<Header> trailers);

  void flush();

  boolean isWritable();

  /** Asks for more of the response. */
  void read();

  /** The body of the response is wanted with the framing it came in. */
  void wholeFrames();

  /** The exchange is over: the connection may serve others if it can. */
  void release(boolean wholeRequest);

  /** The exchange is given up, with a code of RFC 9113 section 7 for an upstream that has such. */
  void abandon(long code);
}
