package dev.earshot.content;

import static dev.earshot.content.Bodies.bytes;
import static dev.earshot.exchange.MessageKind.WS_BINARY;
import static dev.earshot.exchange.MessageKind.WS_CLOSE;
import static dev.earshot.exchange.MessageKind.WS_TEXT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The oracle is the library websockets of Python: the messages that it sends are told. */
class WebSocketReaderTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 200_000 : 3_000;
  private static final String DEFLATE = "permessage-deflate";

  /** Sends the messages on its standard input in frames of random sizes, with pings in between. */
  private static final Tool WEBSOCKETS =
      new Tool(
          "python3-websockets",
          List.of(
              "/usr/bin/python3",
              "-c",
              """
              import random, sys
              from websockets.extensions.permessage_deflate import PerMessageDeflate
              from websockets.frames import Frame, Opcode, Close
              random.seed(6455)
              how, *messages = sys.stdin.read().split('\\n')
              mask, deflate, takeover, bits = how.split()
              extensions = []
              if deflate == 'deflate':
                  extensions = [PerMessageDeflate(True, takeover == 'no', 15, int(bits))]
              def send(opcode, data, fin=True):
                  frame = Frame(opcode, data, fin)
                  sys.stdout.buffer.write(frame.serialize(mask=mask == 'mask', extensions=extensions))
              for message in messages:
                  kind, _, data = message.partition(' ')
                  data = bytes.fromhex(data)
                  opcode = Opcode.TEXT if kind == 'text' else Opcode.BINARY
                  while random.random() < 0.5 and len(data) > 1:
                      cut = random.randrange(len(data))
                      send(opcode, data[:cut], False)
                      opcode, data = Opcode.CONT, data[cut:]
                      if random.random() < 0.3:
                          send(Opcode.PING, b'ping')
                  send(opcode, data)
                  send(Opcode.PONG, b'')
              send(Opcode.CLOSE, Close(1000, 'done').serialize())
              """));

  @ParameterizedTest
  @CsvSource({
    "UP, mask plain no 15, ''",
    "DOWN, bare plain no 15, ''",
    "UP, mask deflate takeover 15, permessage-deflate",
    "DOWN, bare deflate takeover 15, permessage-deflate",
    "DOWN, bare deflate takeover 9, permessage-deflate; server_max_window_bits=9",
    "DOWN, bare deflate no 15, 'x-other, Permessage-Deflate; server_no_context_takeover'",
    "UP, mask deflate no 12, 'permessage-deflate;client_no_context_takeover ; server_max_window_bits=8'"
  })
  void whatWebsocketsSendsIsTold(Direction direction, String how, String extensions)
      throws Exception {
    List<Message> expected = new ArrayList<>();
    var script = new StringBuilder(how);
    for (var body : Bodies.all().values()) {
      if (body.length <= 300_000) {
        String text = new String(body, StandardCharsets.ISO_8859_1);
        byte[] utf8 = bytes(text);
        script.append("\ntext ").append(HexFormat.of().formatHex(utf8));
        expected.add(kept(direction, text));
        script.append("\nbinary ").append(HexFormat.of().formatHex(body));
        expected.add(Tapped.message(direction, WS_BINARY, body.length));
      }
    }
    expected.add(Tapped.text(direction, WS_CLOSE, 6, "1000 done"));
    byte[] frames = WEBSOCKETS.run(bytes(script.toString()));
    for (int size : new int[] {1, 13, 5_000, frames.length}) {
      try (var socket = Tapped.webSocket(extensions)) {
        assertThat(socket.feed(direction, Decoding.pieces(frames, size)).all()).isEqualTo(expected);
      }
    }
  }

  /** The message with as much of its text as is kept. */
  private static Message kept(Direction direction, String text) {
    int chars = 0;
    int size = 0;
    while (chars < text.length() && size + (text.charAt(chars) < 128 ? 1 : 2) <= KeptText.MOST) {
      size += text.charAt(chars++) < 128 ? 1 : 2;
    }
    return new Message(
        direction,
        WS_TEXT,
        bytes(text).length,
        Optional.of(text.substring(0, chars)),
        chars < text.length());
  }

  @ParameterizedTest
  @CsvSource({
    // RFC 6455 section 5.7.
    "'', 810548656c6c6f, WS_TEXT, 5, Hello",
    "'', 818537fa213d7f9f4d5158, WS_TEXT, 5, Hello",
    "'', 010348656c80026c6f, WS_TEXT, 5, Hello",
    "'', 010348656c890548656c6c6f80026c6f, WS_TEXT, 5, Hello",
    "'', 8202ff00, WS_BINARY, 2, ",
    "'', 817e000548656c6c6f, WS_TEXT, 5, Hello",
    "'', 817f000000000000000548656c6c6f, WS_TEXT, 5, Hello",
    "'', 8100, WS_TEXT, 0, ''",
    "'', 0100000080028080, WS_TEXT, 2, \ufffd\ufffd",
    "'', 8103e282ac, WS_TEXT, 3, \u20ac",
    "'', 8800, WS_CLOSE, 0, ",
    "'', 880203e8, WS_CLOSE, 2, 1000",
    "'', 880603e9627965ff, WS_CLOSE, 6, 1001 bye\ufffd",
    // RFC 7692 section 7.2.3.
    "permessage-deflate, c107f248cdc9c90700, WS_TEXT, 5, Hello",
    "permessage-deflate, 4103f248cd8004c9c90700, WS_TEXT, 5, Hello",
    "permessage-deflate, c10b000500faff48656c6c6f00, WS_TEXT, 5, Hello",
    "permessage-deflate, c108f348cdc9c9070000, WS_TEXT, 5, Hello",
    "permessage-deflate, c10df248050000 00ffffcac9c90700, WS_TEXT, 5, Hello",
    "permessage-deflate, c10100, WS_TEXT, 0, ''",
    "permessage-deflate, 810548656c6c6f, WS_TEXT, 5, Hello"
  })
  void aFrameOfTheStandards(
      String extensions, String hex, MessageKind kind, long size, String text) {
    byte[] frames = HexFormat.of().parseHex(hex.replace(" ", ""));
    var expected = new Message(Direction.DOWN, kind, size, Optional.ofNullable(text), false);
    for (int at = 0; at <= frames.length; at++) {
      try (var socket = Tapped.webSocket(extensions)) {
        socket.feed(Direction.DOWN, Decoding.halves(frames, at));
        assertThat(socket.all()).as("%d", at).containsExactly(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', c10548656c6c6f",
    "'', a10548656c6c6f",
    "permessage-deflate, a10548656c6c6f",
    "permessage-deflate, 910548656c6c6f",
    "'', 830548656c6c6f",
    "'', 8b00",
    "'', 800548656c6c6f",
    "'', 010348656c81026c6f",
    "permessage-deflate, 4103f248cdc004c9c90700",
    "'', 0900",
    "'', 897e00ff",
    "permessage-deflate, c900",
    "'', 880103",
    "'', 817fffffffffffffffff48656c6c6f",
    "permessage-deflate, c107ff48cdc9c90700"
  })
  void aFrameThatMayNotBeEndsTheMessages(String extensions, String hex) {
    byte[] good = HexFormat.of().parseHex("810548656c6c6f");
    byte[] bad = HexFormat.of().parseHex(hex);
    try (var socket = Tapped.webSocket(extensions)) {
      socket.feed(Direction.DOWN, List.of(good, bad, good));
      socket.feed(Direction.UP, good);
      assertThat(socket.all())
          .containsExactly(
              Tapped.text(Direction.DOWN, WS_TEXT, 5, "Hello"),
              Tapped.text(Direction.UP, WS_TEXT, 5, "Hello"));
    }
  }

  @Test
  void afterACloseItsDirectionIsOver() {
    byte[] frames = HexFormat.of().parseHex("880203e8810548656c6c6f");
    try (var socket = Tapped.webSocket("")) {
      assertThat(socket.feed(Direction.UP, frames).all())
          .containsExactly(Tapped.text(Direction.UP, WS_CLOSE, 2, "1000"));
    }
  }

  @Test
  void messagesMayReferToThoseBeforeUnlessThatWasRuledOut() {
    // RFC 7692 section 7.2.3.2: the second "Hello" refers to the first.
    byte[] twice = HexFormat.of().parseHex("c107f248cdc9c90700c105f200110000");
    try (var socket = Tapped.webSocket(DEFLATE + "; client_no_context_takeover")) {
      socket.feed(Direction.DOWN, twice);
      socket.feed(Direction.UP, twice);
      var hello = Tapped.text(Direction.DOWN, WS_TEXT, 5, "Hello");
      assertThat(socket.all())
          .containsExactly(hello, hello, Tapped.text(Direction.UP, WS_TEXT, 5, "Hello"));
    }
  }

  @Test
  void aHugeMessageIsCountedAndNotHeld() {
    try (var socket = Tapped.webSocket("")) {
      socket.feed(Direction.DOWN, HexFormat.of().parseHex("827f0000004000000000"));
      byte[] piece = new byte[16 * 1024 * 1024];
      for (int i = 0; i < 16 * 1024; i++) {
        socket.tap().down(ByteBuffer.wrap(piece));
      }
      assertThat(socket.all())
          .containsExactly(Tapped.message(Direction.DOWN, WS_BINARY, 256L * 1024 * 1024 * 1024));
    }
  }

  @Test
  void aMessageThatInflatesToMoreThanTheLimitEndsTheMessages() {
    byte[] hello = HexFormat.of().parseHex("810548656c6c6f");
    long limit = WebSocketReader.MOST_INFLATED;
    try (var socket = Tapped.webSocket(DEFLATE)) {
      socket.feed(Direction.DOWN, List.of(zeros(limit), hello, zeros(limit + 1), hello));
      assertThat(socket.all())
          .containsExactly(
              Tapped.message(Direction.DOWN, WS_BINARY, limit),
              Tapped.text(Direction.DOWN, WS_TEXT, 5, "Hello"));
    }
  }

  /** A compressed frame of so many zeros. */
  private static byte[] zeros(long size) {
    var deflated = new ByteArrayOutputStream();
    var deflater = new Deflater(9, true);
    try {
      byte[] chunk = new byte[1024 * 1024];
      byte[] out = new byte[64 * 1024];
      for (long left = size; left > 0; left -= chunk.length) {
        deflater.setInput(chunk, 0, (int) Math.min(left, chunk.length));
        int bytes;
        do {
          bytes = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
          deflated.write(out, 0, bytes);
        } while (bytes == out.length);
      }
    } finally {
      deflater.end();
    }
    int length = deflated.size() - 4;
    return ByteBuffer.allocate(10 + length)
        .put((byte) 0xC2)
        .put((byte) 127)
        .putLong(length)
        .put(deflated.toByteArray(), 0, length)
        .array();
  }

  @Test
  void nothingThrowsWhateverTheBytesAndEverySplitGivesTheSame() throws Exception {
    var random = new Random(6455);
    var script = new StringBuilder("mask deflate takeover 15");
    for (int i = 0; i < 6; i++) {
      script.append("\ntext ").append(HexFormat.of().formatHex(Bodies.page(i * 4)));
    }
    byte[] frames = WEBSOCKETS.run(bytes(script.toString()));
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] changed = Decoding.mutated(frames, random);
      try (var whole = Tapped.webSocket(DEFLATE);
          var pieces = Tapped.webSocket(DEFLATE)) {
        whole.feed(Direction.UP, changed);
        pieces.feed(Direction.UP, Decoding.pieces(changed, 1 + random.nextInt(20)));
        assertThat(pieces.all()).isEqualTo(whole.all());
      }
    }
  }
}
