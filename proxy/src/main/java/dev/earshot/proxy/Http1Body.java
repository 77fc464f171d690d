package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.Header;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;

/** The body of one message on its way to a side that speaks HTTP/1. On one event loop. */
final class Http1Body {
  /** How the parts of a body are written. */
  enum Form {
    /** As they come: with the framing they came in, or where none is needed. */
    AS_IT_IS,
    /** Each part as a chunk (RFC 9112 section 7.1). */
    CHUNKS
  }

  private final Side side;
  private final Form form;

  Http1Body(Side side, Form form) {
    this.side = side;
    this.form = form;
  }

  /** Writes a part; takes it over. */
  void part(ByteBuf bytes) {
    if (form == Form.AS_IT_IS) {
      side.write(bytes);
    } else if (bytes.isReadable()) {
      String size = Integer.toHexString(bytes.readableBytes());
      side.write(ascii(size + "\r\n"));
      side.write(bytes);
      side.write(ascii("\r\n"));
    } else {
      bytes.release();
    }
  }

  /** Writes the end. */
  void end(List<Header> trailers) {
    if (form == Form.CHUNKS) {
      var text = new StringBuilder("0\r\n");
      for (Header trailer : trailers) {
        if (!Http2Heads.mayBeTrailer(trailer)) {
          continue;
        }
        text.append(trailer.name()).append(": ").append(trailer.value()).append("\r\n");
      }
      side.write(ascii(text.append("\r\n").toString()));
    }
  }

  private static ByteBuf ascii(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(ISO_8859_1));
  }
}
