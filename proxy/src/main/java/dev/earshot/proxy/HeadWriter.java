package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/** Writes HTTP/1 heads; each char is one byte, as it was when the head was read. */
final class HeadWriter {
  private HeadWriter() {}

  static ByteBuf write(ByteBufAllocator alloc, RequestHead head) {
    return write(alloc, text(head));
  }

  /** The head as text. */
  static String text(RequestHead head) {
    return text(head.method() + " " + head.target() + " " + head.version().text(), head.headers());
  }

  static ByteBuf write(ByteBufAllocator alloc, ResponseHead head) {
    String startLine = head.version().text() + " " + head.status() + " " + head.reason();
    return write(alloc, text(startLine, head.headers()));
  }

  private static String text(String startLine, List<Header> headers) {
    int size = startLine.length() + 4;
    for (Header header : headers) {
      size += header.name().length() + header.value().length() + 4;
    }
    var text = new StringBuilder(size).append(startLine).append("\r\n");
    for (Header header : headers) {
      text.append(header.name()).append(": ").append(header.value()).append("\r\n");
    }
    return text.append("\r\n").toString();
  }

  private static ByteBuf write(ByteBufAllocator alloc, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    return alloc.buffer(bytes.length).writeBytes(bytes);
  }
}
