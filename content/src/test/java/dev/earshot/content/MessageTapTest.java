package dev.earshot.content;

import static dev.earshot.content.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which exchanges are listened to: by their heads alone. */
class MessageTapTest {
  private static final byte[] HELLO = HexFormat.of().parseHex("810548656c6c6f");

  @ParameterizedTest
  @CsvSource({
    "websocket, 101, websocket, true",
    "WebSocket, 101, 'h2c, WEBSOCKET', true",
    "websocket, 101, h2c, false",
    "h2c, 101, websocket, false",
    "websocket, 200, websocket, false",
    "websocket, 426, websocket, false"
  })
  void aWebSocketOverHttp1(String asked, int status, String agreed, boolean heard) {
    try (var socket = Tapped.request("GET", "Upgrade", asked).response(status, "upgrade", agreed)) {
      assertThat(socket.tap().listens(Direction.UP)).isEqualTo(heard);
      assertThat(socket.tap().listens(Direction.DOWN)).isEqualTo(heard);
      socket.feed(Direction.DOWN, HELLO).feed(Direction.UP, HELLO);
      assertThat(socket.all()).hasSize(heard ? 2 : 0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "CONNECT, websocket, 200, true",
    "CONNECT, websocket, 204, true",
    "CONNECT, connect-udp, 200, false",
    "CONNECT, websocket, 404, false",
    "GET, websocket, 200, false"
  })
  void aWebSocketOverHttp2(String method, String protocol, int status, boolean heard) {
    try (var socket = Tapped.request(method, ":protocol", protocol).response(status)) {
      socket.feed(Direction.DOWN, HELLO);
      assertThat(socket.all()).hasSize(heard ? 1 : 0);
    }
  }

  @Test
  void onlyTheFinalResponseCounts() {
    try (var source = Tapped.request("GET")) {
      source.response(100, "Content-Type", "application/grpc");
      source.response(103, "Content-Type", "application/grpc");
      source.feed(Direction.DOWN, bytes("data: early\n\n"));
      source.response(200, "Content-Type", "text/event-stream");
      source.response(200, "Content-Type", "application/grpc");
      source.feed(Direction.DOWN, bytes("data: a\n\n"));
      source.feed(Direction.UP, bytes("data: a\n\n"));
      assertThat(source.all())
          .containsExactly(Tapped.text(Direction.DOWN, MessageKind.SSE, 9, "a"));
    }
  }

  @Test
  void anythingElseIsNotListenedTo() {
    try (var page = Tapped.request("POST", "Content-Type", "application/json")) {
      page.response(200, "Content-Type", "text/event-streams");
      assertThat(page.tap().listens(Direction.UP)).isFalse();
      assertThat(page.tap().listens(Direction.DOWN)).isFalse();
      page.feed(Direction.UP, HELLO).feed(Direction.DOWN, bytes("data: a\n\n"));
      assertThat(page.all()).isEmpty();
      assertThat(page.tap().trailers()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"gzip", "deflate", "br", "zstd", "'br, gzip'", "identity"})
  void whoeverIsToldMayCloseTheTap(String coding) throws Exception {
    byte[] two = bytes("data: a\n\ndata: b\n\n");
    try (var server = new Flushing(coding)) {
      byte[] sent = server.send(two);
      List<Message> told = new ArrayList<>();
      List<MessageTap> taps = new ArrayList<>();
      var request = new RequestHead("GET", "/", HttpVersion.HTTP_1_1, List.of());
      var tap =
          MessageTap.of(
              request,
              Decoding.memory(),
              message -> {
                told.add(message);
                taps.getFirst().close();
              });
      taps.add(tap);
      tap.response(
          new ResponseHead(
              HttpVersion.HTTP_1_1,
              200,
              "",
              Tapped.headers("Content-Type", "text/event-stream", "Content-Encoding", coding)));
      tap.down(ByteBuffer.wrap(sent));
      tap.down(ByteBuffer.wrap(sent));
      assertThat(told).hasSize(1);
    }
  }

  @Test
  void afterTheEndBytesAreIgnored() {
    for (String extension : new String[] {"", "permessage-deflate"}) {
      try (var socket = Tapped.webSocket(extension)) {
        socket.feed(Direction.DOWN, HELLO);
        assertThat(socket.all()).hasSize(1);
        socket.feed(Direction.DOWN, HELLO).feed(Direction.UP, HELLO);
        socket.response(200, "Content-Type", "text/event-stream");
        assertThat(socket.all()).hasSize(1);
      }
    }
    try (var source = Tapped.request("GET").response(200, "Content-Type", "text/event-stream")) {
      source.feed(Direction.DOWN, bytes("data: a\n"));
      assertThat(source.all()).isEmpty();
      source.feed(Direction.DOWN, bytes("\n"));
      assertThat(source.all()).isEmpty();
    }
  }
}
