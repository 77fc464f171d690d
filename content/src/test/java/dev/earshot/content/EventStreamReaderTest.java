package dev.earshot.content;

import static dev.earshot.content.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventStreamReaderTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 500_000 : 5_000;

  /** In the tables n is LF, r is CR, B a byte order mark; events are {@code bytes text;}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'data: a%n%n'                       | 9 a;
          'data:a%n%n'                        | 8 a;
          'data:  a %n%n'                     | 11  a ;
          'data: a%r%n%r%n'                   | 11 a;
          'data: a%r%r'                       | 9 a;
          'data: a%r%n%n'                     | 10 a;
          'data: a%n%r%n'                     | 9 a;
          'data: a%n%rdata: b%n%n'            | 9 a;9 b;
          'data: a%n%r%ndata: b%n%n'          | 9 a;10 b;
          'data: a%r%n%rdata: b%n%n'          | 10 a;9 b;
          'data: a%r%n%r%ndata: b%r%n%r%n'    | 11 a;11 b;
          'data: a%r%rdata: b%r%r'            | 9 a;9 b;
          'data: a%ndata: b%n%n'              | 17 a/b;
          'data: a%ndata%ndata: b%n%n'        | 22 a//b;
          'data%n%n'                          | 6 ;
          'data%ndata%n%n'                    | 11 /;
          'data:%n%n'                         | 7 ;
          'data: a'                           | ''
          'data: a%n'                         | ''
          '%n%ndata: a%n%n%n%ndata: b%n%n'    | 9 a;9 b;
          ': hello%n%n'                       | ''
          ': hello%n%ndata: a%n%n'            | 9 a;
          ': hello%ndata: a%n: more%n%n'      | 24 a;
          'event: x%n%n'                      | ''
          'event: x%ndata: a%n%n'             | 18 event: x/a;
          'data: a%nevent:x%n%n'              | 17 event: x/a;
          'event: x%nevent: y%ndata: a%n%n'   | 27 event: y/a;
          'event: x%nevent%ndata: a%n%n'      | 24 a;
          'event: x%n%ndata: a%n%n'           | 9 a;
          'id: 7%nretry: 10%ndata: a%n%n'     | 25 a;
          'data : a%n%n'                      | ''
          ' data: a%n%n'                      | ''
          'Data: a%n%n'                       | ''
          'datax: a%ndat: b%neventful%n%n'    | ''
          'data: a: b%n%n'                    | 12 a: b;
          '%Bdata: a%n%n'                     | 12 a;
          '%B%Bdata: a%n%n'                   | ''
          'data: %B%n%n'                      | 11 \ufeff;
          """)
  void anEvent(String stream, String events) {
    byte[] body = stream(stream);
    for (int at = 0; at <= body.length; at++) {
      try (var source = source()) {
        source.feed(Direction.DOWN, Decoding.halves(body, at));
        assertThat(told(source.all())).as("%d", at).isEqualTo(events);
      }
    }
    try (var source = source()) {
      source.feed(Direction.DOWN, Decoding.pieces(body, 1));
      assertThat(told(source.all())).isEqualTo(events);
    }
  }

  @Test
  void aPartOfAByteOrderMarkIsTheBeginningOfALine() {
    for (String partly : List.of("efbb", "ef", "efbbbe")) {
      byte[] body = HexFormat.of().parseHex(partly + "646174613a610a0a646174613a620a0a");
      try (var source = source()) {
        source.feed(Direction.DOWN, Decoding.pieces(body, 1));
        assertThat(told(source.all())).isEqualTo("8 b;");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"data: a%n%n", "data: a%r%r", "data: a%r%n%r%n"})
  void anEventIsToldAtItsBlankLine(String event) {
    byte[] body = stream(event);
    try (var source = source()) {
      for (int i = 1; i <= 10; i++) {
        source.feed(Direction.DOWN, Decoding.pieces(body, 1));
        assertThat(source.messages()).hasSize(i);
      }
    }
  }

  @Test
  void aLongEventIsCutAndCounted() {
    String line = "data: " + "\u20ac".repeat(10_000) + "\n";
    String kept = ("\u20ac".repeat(10_000) + "\n").repeat(2) + "\u20ac".repeat(1_841);
    byte[] body = bytes(line.repeat(50) + "event: x\n\n");
    for (int size : new int[] {7, 1_000_000}) {
      try (var source = source()) {
        source.feed(Direction.DOWN, Decoding.pieces(body, size));
        source.feed(Direction.DOWN, bytes("data: a\n\n"));
        assertThat(source.all())
            .containsExactly(
                new Message(
                    Direction.DOWN,
                    MessageKind.SSE,
                    body.length,
                    Optional.of("event: x\n" + kept),
                    true),
                Tapped.text(Direction.DOWN, MessageKind.SSE, 9, "a"));
      }
    }
    assertThat(bytes("event: x\n" + kept)).hasSizeBetween(KeptText.MOST - 2, KeptText.MOST);
  }

  @Test
  void whatIsNotUtf8IsReplaced() {
    try (var source = source()) {
      source.feed(Direction.DOWN, "data: \u00ff\u00c3\n\n".getBytes(StandardCharsets.ISO_8859_1));
      assertThat(told(source.all())).isEqualTo("10 \ufffd\ufffd;");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate", "br", "zstd", "br, gzip"})
  void aCodedStreamIsToldAsItIsFlushed(String coding) throws Exception {
    try (var server = new Flushing(coding);
        var source =
            Tapped.request("GET")
                .response(200, "Content-Type", "text/event-stream", "Content-Encoding", coding)) {
      for (int i = 1; i <= 20; i++) {
        source.feed(Direction.DOWN, server.send(bytes("event: tick\r\ndata: " + i + "\r\n\r\n")));
        assertThat(source.messages()).hasSize(i);
        assertThat(source.messages().getLast().text()).contains("event: tick\n" + i);
      }
    }
  }

  @Test
  void aCodingThatIsNotKnownTellsNothing() {
    try (var source =
        Tapped.request("GET")
            .response(200, "Content-Type", "text/event-stream", "Content-Encoding", "x")) {
      source.feed(Direction.DOWN, bytes("data: a\n\n"));
      assertThat(source.all()).isEmpty();
    }
  }

  @Test
  void nothingThrowsWhateverTheBytesAndEverySplitGivesTheSame() {
    var random = new Random(922);
    String[] of = {
      "data", ": ", ":", "\n", "\r", "\r\n", "event", "id", "x", " ", "\u20ac", "\ufeff", "\n\n"
    };
    for (int i = 0; i < MUTATIONS; i++) {
      var text = new StringBuilder();
      for (int part = random.nextInt(30); part > 0; part--) {
        text.append(of[random.nextInt(of.length)]);
      }
      byte[] body = Decoding.mutated(bytes(text.toString()), random);
      try (var whole = source();
          var pieces = source()) {
        whole.feed(Direction.DOWN, body);
        pieces.feed(Direction.DOWN, Decoding.pieces(body, 1 + random.nextInt(5)));
        assertThat(pieces.all()).isEqualTo(whole.all());
        long told = whole.messages().stream().mapToLong(Message::bytes).sum();
        assertThat(told).isLessThanOrEqualTo(body.length);
      }
    }
  }

  private static Tapped source() {
    return Tapped.request("GET").response(200, "content-type", "Text/Event-Stream ;charset=utf-8");
  }

  private static byte[] stream(String pattern) {
    return bytes(pattern.replace("%n", "\n").replace("%r", "\r").replace("%B", "\ufeff"));
  }

  private static String told(List<Message> messages) {
    var told = new StringBuilder();
    for (Message message : messages) {
      assertThat(message.kind()).isEqualTo(MessageKind.SSE);
      told.append(message.bytes()).append(' ');
      told.append(message.text().orElseThrow().replace('\n', '/')).append(';');
    }
    return told.toString();
  }
}
