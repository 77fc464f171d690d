package dev.earshot.content;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The messages of one direction of a gRPC call: each has a prefix of five bytes, a flag and its
 * length ("gRPC over HTTP2", Length-Prefixed-Message). It is told when its last byte has come; its
 * bytes are its length, compressed or not. In gRPC-Web ("gRPC Web", protocol differences) a frame
 * whose flag has the highest bit holds the trailers. Any other flag ends it.
 */
final class GrpcReader implements MessageReader {
  private static final int PREFIX = 5;
  private static final int COMPRESSED = 1;
  private static final int TRAILERS = 0x80;
  private static final int MOST_TRAILERS = 64 * 1024;

  private final Direction direction;
  private final boolean web;
  private final Consumer<Message> messages;
  private final Consumer<Header> trailers;

  private final byte[] prefix = new byte[PREFIX];
  private int prefixLength;
  private long length;
  private long left;
  private final ByteArrayOutputStream trailerBlock = new ByteArrayOutputStream(0);
  private boolean ended;

  private GrpcReader(
      Direction direction, boolean web, Consumer<Message> messages, Consumer<Header> trailers) {
    this.direction = direction;
    this.web = web;
    this.messages = messages;
    this.trailers = trailers;
  }

  /** Of gRPC, whose trailers are those of HTTP. */
  static GrpcReader grpc(Direction direction, Consumer<Message> messages) {
    return new GrpcReader(direction, false, messages, trailer -> {});
  }

  /** Of gRPC-Web. */
  static GrpcReader web(
      Direction direction, Consumer<Message> messages, Consumer<Header> trailers) {
    return new GrpcReader(direction, true, messages, trailers);
  }

  @Override
  public void feed(ByteBuffer bytes) {
    while (bytes.hasRemaining() && !ended) {
      if (prefixLength < PREFIX) {
        prefix[prefixLength++] = bytes.get();
        if (prefixLength == PREFIX) {
          prefixRead();
        }
      } else {
        int here = (int) Math.min(bytes.remaining(), left);
        if (prefix[0] == (byte) TRAILERS) {
          keep(bytes, here);
        }
        bytes.position(bytes.position() + here);
        left -= here;
        if (left == 0) {
          frameRead();
        }
      }
    }
    bytes.position(bytes.limit());
  }

  private void keep(ByteBuffer bytes, int here) {
    for (int i = 0; i < here && trailerBlock.size() < MOST_TRAILERS; i++) {
      trailerBlock.write(bytes.get(bytes.position() + i));
    }
  }

  private void prefixRead() {
    length = Integer.toUnsignedLong(ByteBuffer.wrap(prefix).getInt(1));
    left = length;
    int allowed = web ? TRAILERS | COMPRESSED : COMPRESSED;
    if ((prefix[0] & 0xFF & ~allowed) != 0) {
      close();
    } else if (left == 0) {
      frameRead();
    }
  }

  private void frameRead() {
    prefixLength = 0;
    if ((prefix[0] & TRAILERS) == 0) {
      messages.accept(new Message(direction, MessageKind.GRPC, length, Optional.empty(), false));
    } else {
      String block = trailerBlock.toString(StandardCharsets.ISO_8859_1);
      close();
      block.lines().forEach(this::trailer);
    }
  }

  /** Trailers are written as headers of HTTP/1, with names in lower case. */
  private void trailer(String line) {
    int colon = line.indexOf(':');
    if (colon > 0) {
      trailers.accept(new Header(line.substring(0, colon), line.substring(colon + 1).strip()));
    }
  }

  @Override
  public void close() {
    ended = true;
    trailerBlock.reset();
  }
}
