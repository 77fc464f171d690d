package dev.earshot.proxy;

import dev.earshot.content.ContentDecoder;
import dev.earshot.content.DecodeLimits;
import dev.earshot.content.DecodeMemory;
import dev.earshot.content.Decoded;
import dev.earshot.content.MessageTap;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Tells the story of one exchange: its start, its response, and exactly one end, whichever is told
 * first. It also keeps the times. On one event loop.
 */
final class ExchangeRecorder {
  private static final long UNKNOWN = Timings.NOT_APPLICABLE;

  private final TrafficSink events;
  private final long id;
  private final long start = System.nanoTime();
  private long acquired = start;
  private long dns = UNKNOWN;
  private long connect = UNKNOWN;
  private long tls = UNKNOWN;
  private long lastSent = start;
  private long firstReceived = start;
  private long lastReceived = start;
  private long requestBytes;
  private long responseBytes;
  private int status;
  private boolean ended;

  private final DecodeMemory memory;
  private final MessageTap tap;
  private final BodyCopy requestCopy;
  private final BodyCopy responseCopy;
  private @Nullable ContentDecoder decoder;

  private ExchangeRecorder(TrafficSink events, DecodeMemory memory, long id, RequestHead request) {
    this.events = events;
    this.memory = memory;
    this.id = id;
    requestCopy = new BodyCopy(events, id, Direction.UP);
    responseCopy = new BodyCopy(events, id, Direction.DOWN);
    tap =
        MessageTap.of(
            request, memory, message -> events.accept(new TrafficEvent.MessagePassed(id, message)));
  }

  /** Tells of the start. */
  static ExchangeRecorder begin(
      TrafficSink events, DecodeMemory memory, TrafficEvent.ExchangeStarted started) {
    var recorder = new ExchangeRecorder(events, memory, started.id(), started.request());
    events.accept(started);
    return recorder;
  }

  /** There is a connection. Opening it is part of the first exchange on it only. */
  void acquired(Upstream upstream) {
    acquired = System.nanoTime();
    lastSent = acquired;
    if (!upstream.used()) {
      dns = upstream.dnsNanos();
      connect = upstream.connectNanos();
      tls = upstream.tlsNanos();
    }
  }

  /** Bytes of the request's body went on, so many of which were content. */
  void requestBody(long bytes) {
    requestBytes += bytes;
    lastSent = System.nanoTime();
  }

  /** Whether {@link #requestContent} is of use. */
  boolean wantsRequestContent() {
    return !ended && (requestCopy.wants() || tap.listens(Direction.UP));
  }

  /** The content of the request's body, as it comes; all of the buffer is taken. */
  void requestContent(ByteBuffer content) {
    requestCopy.offer(content);
    tap.up(content);
  }

  /** Whether {@link #responseContent} is of use, once the response's head is here. */
  boolean wantsResponseContent() {
    return !ended && (responseCopy.wants() || decoder != null || tap.listens(Direction.DOWN));
  }

  /** The content of the response's body, as it comes; all of the buffer is taken. */
  void responseContent(ByteBuffer content) {
    responseCopy.offer(content);
    if (decoder != null) {
      decoder.feed(content.duplicate());
    }
    tap.down(content);
  }

  /** The head of the final response is here. */
  void responseHead(ResponseHead head, String remote) {
    status = head.status();
    firstReceived = System.nanoTime();
    lastReceived = firstReceived;
    events.accept(
        new TrafficEvent.ResponseStarted(
            id, head, remote, Duration.ofNanos(firstReceived - start)));
    tap.response(head);
    if (!ContentDecoder.codings(head.headers()).isEmpty()) {
      decoder = ContentDecoder.of(head.headers(), DecodeLimits.DEFAULT, memory, decoded -> {});
    }
  }

  /** Bytes of the response's body came, so many of which were content. */
  void responseBody(long bytes) {
    responseBytes += bytes;
    lastReceived = System.nanoTime();
  }

  /** Adds what a relay moved after the response. */
  void relayed(long up, long down) {
    requestBytes += up;
    responseBytes += down;
    lastReceived = System.nanoTime();
  }

  /** Bytes of the request's body so far. */
  long requestBytes() {
    return requestBytes;
  }

  void finished(List<Header> trailers) {
    if (ended) {
      return;
    }
    ended = true;
    OptionalLong decoded = decodedBytes();
    release();
    long opening = Math.max(dns, 0) + Math.max(connect, 0) + Math.max(tls, 0);
    events.accept(
        new TrafficEvent.ExchangeFinished(
            id,
            status,
            Duration.ofNanos(System.nanoTime() - start),
            requestBytes,
            responseBytes,
            decoded,
            trailers,
            new Timings(
                Math.max(acquired - start - opening, 0),
                dns,
                connect,
                tls,
                lastSent - acquired,
                // A response may begin while the request is still being sent.
                Math.max(firstReceived - lastSent, 0),
                // The phases follow each other, so that they add up to no more than the whole.
                Math.max(lastReceived - Math.max(firstReceived, lastSent), 0)),
            requestCopy.isCut(requestBytes) || responseCopy.isCut(responseBytes)));
  }

  /** Only where the content was decoded whole. A response without a body has nothing to decode. */
  private OptionalLong decodedBytes() {
    if (decoder == null || responseBytes == 0) {
      return OptionalLong.empty();
    }
    Decoded decoded = decoder.end();
    if (decoded instanceof Decoded.Cut(var bytes, var why)) {
      events.accept(
          new TrafficEvent.Warning(
              "decoding_cut",
              "the response of exchange %d is shown decoded up to %d bytes: %s"
                  .formatted(id, bytes, Text.printable(why)),
              Optional.empty()));
    }
    return decoded.isWhole() ? OptionalLong.of(decoded.bytes()) : OptionalLong.empty();
  }

  private void release() {
    tap.close();
    if (decoder != null) {
      decoder.close();
    }
  }

  void failed(FailureKind kind, String detail) {
    if (ended) {
      return;
    }
    ended = true;
    release();
    events.accept(
        new TrafficEvent.ExchangeFailed(
            id,
            kind,
            Text.printable(detail),
            Duration.ofNanos(System.nanoTime() - start),
            requestBytes,
            responseBytes));
  }
}
