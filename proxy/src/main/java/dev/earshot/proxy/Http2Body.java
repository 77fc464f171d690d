package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import dev.earshot.exchange.Header;
import io.netty.channel.ChannelFuture;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a connection of HTTP/2, both ways: what is written waits for the peer's window, and
 * what is read is given back to the peer's window when it has gone on. On one event loop.
 */
final class Http2Body {
  private static final int SMALL = 1 << 10;
  private static final int PIECE = 16 << 10;

  private final Http2Codec codec;
  private final Http2Stream stream;
  private int unconsumed;

  /** Small parts that wait for the peer's window, in one piece: each by itself costs far more. */
  private ByteBuf small = Unpooled.EMPTY_BUFFER;

  private @Nullable ChannelFuture lastPart;

  Http2Body(Http2Codec codec, Http2Stream stream) {
    this.codec = codec;
    this.stream = stream;
  }

  int id() {
    return stream.id();
  }

  /** Bytes came that have not gone on yet. */
  void came(int bytes) {
    unconsumed += bytes;
  }

  /** What came has gone on: the peer may send as much again. */
  void consume() {
    int bytes = unconsumed;
    unconsumed = 0;
    if (bytes == 0) {
      return;
    }
    try {
      if (codec.connection().local().flowController().consumeBytes(stream, bytes)) {
        codec.context().flush();
      }
    } catch (Http2Exception e) {
      codec.onError(codec.context(), true, e);
    }
  }

  /** Writes a part; takes it over. */
  void part(ByteBuf bytes) {
    if (bytes.readableBytes() < SMALL && !isWritable()) {
      small = Buffers.collect(codec.context().alloc(), small, bytes);
      if (small.readableBytes() >= PIECE) {
        writeSmall();
      }
    } else {
      writeSmall();
      write(bytes);
    }
  }

  /** The peer's window has room again. */
  void writable() {
    if (small.isReadable()) {
      writeSmall();
      flush();
    }
  }

  private void writeSmall() {
    ByteBuf waited = small;
    small = Unpooled.EMPTY_BUFFER;
    if (waited.isReadable()) {
      write(waited);
    }
  }

  /** The stream is closed: what waits will not be written. */
  void closed() {
    small.release();
    small = Unpooled.EMPTY_BUFFER;
  }

  private void write(ByteBuf bytes) {
    lastPart =
        codec
            .encoder()
            .writeData(codec.context(), id(), bytes, 0, false, codec.context().newPromise());
  }

  /** What became of the last part, if there was one; it waits for no others now. */
  Optional<ChannelFuture> lastPart() {
    writeSmall();
    return Optional.ofNullable(lastPart);
  }

  /** Writes the end. */
  ChannelFuture end(List<Header> trailers) {
    writeSmall();
    var promise = codec.context().newPromise();
    return trailers.isEmpty()
        ? codec.encoder().writeData(codec.context(), id(), Unpooled.EMPTY_BUFFER, 0, true, promise)
        : codec
            .encoder()
            .writeHeaders(codec.context(), id(), Http2Heads.trailers(trailers), 0, true, promise);
  }

  /** Resets the stream, unless it is closed already. */
  void reset(long code) {
    if (codec.connection().stream(id()) != null && codec.context().channel().isActive()) {
      var _ = codec.resetStream(codec.context(), id(), code, codec.context().newPromise());
      codec.flush(codec.context());
    }
  }

  boolean isWritable() {
    return codec.encoder().flowController().isWritable(stream);
  }

  void flush() {
    codec.flush(codec.context());
  }
}
