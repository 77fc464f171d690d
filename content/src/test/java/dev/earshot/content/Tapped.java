package dev.earshot.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An exchange that is listened to. */
final class Tapped implements AutoCloseable {
  private final List<Message> messages = new ArrayList<>();
  private final MessageTap tap;

  private Tapped(RequestHead request) {
    tap = MessageTap.of(request, Decoding.memory(), messages::add);
  }

  static List<Header> headers(String... namesAndValues) {
    List<Header> headers = new ArrayList<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      headers.add(new Header(namesAndValues[i], namesAndValues[i + 1]));
    }
    return headers;
  }

  static Tapped request(String method, String... headers) {
    return new Tapped(new RequestHead(method, "/", HttpVersion.HTTP_1_1, headers(headers)));
  }

  Tapped response(int status, String... headers) {
    tap.response(new ResponseHead(HttpVersion.HTTP_1_1, status, "", headers(headers)));
    return this;
  }

  /** A WebSocket with these extensions, none if empty. */
  static Tapped webSocket(String extensions) {
    return request("GET", "Upgrade", "websocket", "Connection", "Upgrade")
        .response(101, "Upgrade", "websocket", "Sec-WebSocket-Extensions", extensions);
  }

  Tapped feed(Direction direction, List<byte[]> pieces) {
    for (byte[] piece : pieces) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(piece.length).put(piece).flip();
      bytes = piece.length % 2 == 0 ? bytes : ByteBuffer.wrap(piece);
      bytes = bytes.asReadOnlyBuffer();
      switch (direction) {
        case UP -> tap.up(bytes);
        case DOWN -> tap.down(bytes);
      }
      assertThat(bytes.remaining()).isZero();
    }
    return this;
  }

  Tapped feed(Direction direction, byte[] bytes) {
    return feed(direction, List.of(bytes));
  }

  MessageTap tap() {
    return tap;
  }

  /** The messages so far. */
  List<Message> messages() {
    return List.copyOf(messages);
  }

  /** All messages; the exchange is over. */
  List<Message> all() {
    close();
    return messages();
  }

  @Override
  public void close() {
    tap.close();
  }

  static Message text(Direction direction, MessageKind kind, long bytes, String text) {
    return new Message(direction, kind, bytes, Optional.of(text), false);
  }

  static Message message(Direction direction, MessageKind kind, long bytes) {
    return new Message(direction, kind, bytes, Optional.empty(), false);
  }
}
