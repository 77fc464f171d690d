package dev.earshot.content;

import static dev.earshot.content.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcReaderTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 500_000 : 5_000;

  @ParameterizedTest
  @CsvSource({
    "application/grpc, 00000000050102030405 0100000000 000000000200ff, 5 0 2",
    "application/grpc+proto, 00000000050102030405, 5",
    "application/grpc; charset=utf-8, 00000000050102030405, 5",
    "application/grpc, 000000000501020304, ''",
    "application/grpc, 0000000001aa 0200000001aa 0000000001aa, 1",
    "application/grpc, 0000000001aa 8000000001aa, 1",
    "application/grpc-web, 0000000001aa 0100000002bbbb, 1 2",
    "application/grpc-web+proto, 0000000001aa 4000000001aa, 1",
    "application/grpcx, 0000000001aa, ''",
    "application/grpc-webby, 0000000001aa, ''"
  })
  void messagesOfBothDirections(String type, String hex, String sizes) {
    byte[] body = HexFormat.of().parseHex(hex.replace(" ", ""));
    for (Direction direction : Direction.values()) {
      for (int at = 0; at <= body.length; at++) {
        try (var call = call(type)) {
          call.feed(direction, Decoding.halves(body, at));
          assertThat(call.all()).isEqualTo(messages(direction, sizes));
        }
      }
    }
  }

  @Test
  void aRequestIsListenedToBeforeItsResponse() {
    try (var call = Tapped.request("POST", "Content-Type", "application/grpc")) {
      assertThat(call.tap().listens(Direction.UP)).isTrue();
      assertThat(call.tap().listens(Direction.DOWN)).isFalse();
      call.feed(Direction.UP, HexFormat.of().parseHex("0000000002"));
      call.response(100).response(200, "Content-Type", "application/grpc");
      assertThat(call.tap().listens(Direction.DOWN)).isTrue();
      call.feed(Direction.UP, HexFormat.of().parseHex("aabb"));
      assertThat(call.all()).isEqualTo(messages(Direction.UP, "2"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/grpc-web", "application/grpc-web-text+proto"})
  void theTrailersOfGrpcWebAreGivenBack(String type) {
    byte[] trailers = bytes("grpc-status: 5\r\ngrpc-message:not found\r\nodd\r\n: x\r\n");
    List<byte[]> frames = List.of(frame(0, new byte[3]), frame(0x80, trailers), frame(0, trailers));
    byte[] body = {};
    for (byte[] frame : frames) {
      // With text, each is a padded group of its own.
      body = join(body, type.contains("text") ? Base64.getEncoder().encode(frame) : frame);
    }
    for (int size = 1; size < body.length; size++) {
      try (var call = call(type)) {
        call.feed(Direction.DOWN, Decoding.pieces(body, size));
        assertThat(call.all()).isEqualTo(messages(Direction.DOWN, "3"));
        assertThat(call.tap().trailers())
            .containsExactly(
                new Header("grpc-status", "5"), new Header("grpc-message", "not found"));
      }
    }
  }

  @Test
  void trailersAreBounded() {
    byte[] trailers = bytes("a: b\r\n".repeat(100_000));
    try (var call = call("application/grpc-web")) {
      call.feed(Direction.DOWN, frame(0x80, trailers));
      assertThat(call.tap().trailers()).hasSize(1_000);
      assertThat(call.all()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AAAAAAEx, 1",
    "AAAAAAIxMg==AAAAAAEx, 2 1",
    "AAAAAAIxMg==AAAAAAAAAAAAAA==, 2 0 0",
    "AAAAAAEx*AAAAAAEx, 1",
    "AAAAAAEx=AAAAAAEx, 1",
    "AAAAAAEx%nAAAAAAEx, 1",
    "AAAAAAIxMg=xAAAAAAEx, ''",
    "AAAAAAE, ''"
  })
  void base64(String text, String sizes) {
    byte[] body = bytes(text.replace("%n", "\n"));
    for (int at = 0; at <= body.length; at++) {
      try (var call = call("application/grpc-web-text")) {
        call.feed(Direction.UP, Decoding.halves(body, at));
        assertThat(call.all()).isEqualTo(messages(Direction.UP, sizes));
      }
    }
  }

  @Test
  void aLargeBodyInBase64() {
    byte[] body =
        Base64.getEncoder().encode(join(frame(1, new byte[1_000_000]), frame(0, bytes("a"))));
    for (int size : new int[] {1, 4_000, body.length}) {
      try (var call = call("application/grpc-web-text")) {
        call.feed(Direction.DOWN, Decoding.pieces(body, size));
        assertThat(call.all()).isEqualTo(messages(Direction.DOWN, "1000000 1"));
      }
    }
  }

  @Test
  void aHugeMessageIsCounted() {
    try (var call = call("application/grpc")) {
      call.feed(Direction.DOWN, HexFormat.of().parseHex("00ffffffff"));
      byte[] piece = new byte[0x10001 * 0xFF];
      for (int i = 0; i < 0x101 - 1; i++) {
        call.tap().down(ByteBuffer.wrap(piece));
      }
      assertThat(call.messages()).isEmpty();
      call.tap().down(ByteBuffer.wrap(piece));
      assertThat(call.messages()).isEqualTo(messages(Direction.DOWN, "4294967295"));
    }
  }

  @Test
  void nothingThrowsWhateverTheBytesAndEverySplitGivesTheSame() {
    var random = new Random(5);
    for (String type :
        List.of("application/grpc", "application/grpc-web", "application/grpc-web-text")) {
      for (int i = 0; i < MUTATIONS; i++) {
        byte[] body = {};
        for (int frames = random.nextInt(5); frames >= 0; frames--) {
          body = join(body, frame(random.nextInt(2), new byte[random.nextInt(20)]));
        }
        body = join(body, frame(0x80, bytes("grpc-status: 0\r\n")));
        body = type.endsWith("text") ? Base64.getEncoder().encode(body) : body;
        body = Decoding.mutated(body, random);
        try (var whole = call(type);
            var pieces = call(type)) {
          whole.feed(Direction.DOWN, body);
          pieces.feed(Direction.DOWN, Decoding.pieces(body, 1 + random.nextInt(9)));
          assertThat(pieces.all()).isEqualTo(whole.all());
          assertThat(pieces.tap().trailers()).isEqualTo(whole.tap().trailers());
        }
      }
    }
  }

  private static Tapped call(String type) {
    return Tapped.request("POST", "content-type", type).response(200, "content-type", type);
  }

  private static byte[] frame(int flag, byte[] content) {
    return ByteBuffer.allocate(5 + content.length)
        .put((byte) flag)
        .putInt(content.length)
        .put(content)
        .array();
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  private static List<Message> messages(Direction direction, String sizes) {
    List<Message> messages = new ArrayList<>();
    for (String size : sizes.split(" ", -1)) {
      if (!size.isEmpty()) {
        messages.add(Tapped.message(direction, MessageKind.GRPC, Long.parseLong(size)));
      }
    }
    return messages;
  }
}
