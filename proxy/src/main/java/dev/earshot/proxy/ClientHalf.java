package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.function.Consumer;

/**
 * The client's half of one exchange: gives the request's body, and takes the response. One request
 * of a connection of HTTP/1, or a stream of one of HTTP/2. On its event loop.
 */
interface ClientHalf {
  EventLoop loop();

  ByteBufAllocator alloc();

  /** Something moved: the idle time-out begins anew. */
  void touch();

  /** Gives the exchange what is here of its request's body. */
  void pump();

  /** Asks for more of the request's body. */
  void readMore();

  /** Whether the client can send nothing more, though its request is not whole. */
  boolean inputEnded();

  boolean isWritable();

  /**
   * Whether it is one of several streams: such a client is told a code in place of an answer, and
   * may go on with its request although the response has ended (RFC 9113 sections 5.4.2 and 8.1).
   */
  boolean isStream();

  void informational(ResponseHead head);

  /**
   * Writes the head of the final response.
   *
   * @param framing where its body ends, as the upstream says it
   * @param http1 whether the upstream's body has framing that can be passed on
   * @param wholeRequest whether the request was read
   * @return whether the body is wanted with the framing it came in
   */
  boolean response(ResponseHead head, Framing framing, boolean http1, boolean wholeRequest);

  /** Writes a part of the body; takes it over. */
  void body(ByteBuf bytes);

  /** Sends what was written, and tells whether all of it was taken by the operating system. */
  void flush(Consumer<Boolean> written);

  /** The response is whole; tells whether all of it was taken by the operating system. */
  void end(List<Header> trailers, Consumer<Boolean> written);

  void flush();

  /** Answers in place of the upstream. The exchange is over. */
  void answer(ErrorResponse answer, boolean wholeRequest);

  /**
   * Ends it within a response, or without one, so that the client notices. The exchange is over.
   *
   * @param code for a client that gets codes (RFC 9113 section 7)
   */
  void breakOff(long code);

  /** The exchange is over, its response written. */
  void over(boolean wholeRequest);

  /** The client is gone. */
  void close();

  /** Tells that a name turned out to be this proxy. */
  void reportLoop();

  /** Goes on as a relay to the upstream, which has sent these bytes already. */
  Relay relay(
      ResponseHead head,
      Side upstream,
      ByteBuf bytesOfUpstream,
      Relay.Tap tap,
      Consumer<Relay> closed);
}
