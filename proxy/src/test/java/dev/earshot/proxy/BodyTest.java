package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BodyTest {
  private static final String CHUNKED =
      "5;a;b=c ; d=\"q\\\"\t;\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nT: 1\r\nt: 2\r\n\r\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          HTTP_1_1 | ''                                                 | None[]
          HTTP_1_1 | Content-Length: 0                                  | Length[bytes=0]
          HTTP_1_1 | content-length: 007                                | Length[bytes=7]
          HTTP_1_1 | Transfer-Encoding: Chunked                         | Chunked[]
          HTTP_1_1 | Content-Length: 5; Content-Length: 5               | more than one
          HTTP_1_1 | Content-Length: 5,5                                | bad Content-Length
          HTTP_1_1 | Content-Length: +5                                 | bad Content-Length
          HTTP_1_1 | Content-Length: -1                                 | bad Content-Length
          HTTP_1_1 | Content-Length: 0x5                                | bad Content-Length
          HTTP_1_1 | 'Content-Length: '                                 | bad Content-Length
          HTTP_1_1 | Content-Length: 9999999999999999999                | bad Content-Length
          HTTP_1_1 | Content-Length: 5; Transfer-Encoding: chunked      | both
          HTTP_1_1 | Transfer-Encoding: gzip, chunked                   | other than
          HTTP_1_1 | Transfer-Encoding: chunked, chunked                | other than
          HTTP_1_1 | Transfer-Encoding: identity                        | other than
          HTTP_1_1 | Transfer-Encoding: xchunked                        | other than
          HTTP_1_1 | Transfer-Encoding: chunked; Transfer-Encoding: x   | more than one
          HTTP_1_0 | Transfer-Encoding: chunked                         | HTTP/1.0
          """)
  void theFramingOfARequest(HttpVersion version, String headers, String framing) {
    var head = new RequestHead("POST", "/", version, headers(headers));
    assertThat(Framing.ofRequest(head).toString()).contains(framing);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET     | 200 | ''                                            | UntilClose[]
          GET     | 200 | Content-Length: 3                             | Length[bytes=3]
          GET     | 200 | Transfer-Encoding: chunked                    | Chunked[]
          GET     | 200 | Content-Length: 3; Transfer-Encoding: chunked | both
          GET     | 200 | Content-Length: 3; Content-Length: 3          | more than one
          HEAD    | 200 | Content-Length: 3                             | None[]
          GET     | 204 | Content-Length: 3                             | None[]
          GET     | 304 | Content-Length: 3                             | None[]
          GET     | 103 | Content-Length: 3                             | None[]
          CONNECT | 200 | Content-Length: 3                             | None[]
          CONNECT | 403 | Content-Length: 3                             | Length[bytes=3]
          """)
  void theFramingOfAResponse(String method, int status, String headers, String framing) {
    var head = new ResponseHead(HttpVersion.HTTP_1_1, status, "", headers(headers));
    assertThat(Framing.ofResponse(head, method).toString()).contains(framing);
  }

  @Test
  void aChunkedBodyEndsWhereItEndsHoweverItIsSplit() {
    String next = "GET / HTTP/1.1";
    for (int split = 0; split <= CHUNKED.length(); split++) {
      var scanner = scanner(new Framing.Chunked());
      var content = new StringBuilder();
      int first = scan(scanner, CHUNKED.substring(0, split), content);
      assertThat(first).isEqualTo(split);
      int second = scan(scanner, CHUNKED.substring(split) + next, content);
      assertThat(second).isEqualTo(CHUNKED.length() - split);
      assertThat(scanner.finished()).isTrue();
      assertThat(content).hasToString("hello0123456789");
      assertThat(scanner.trailers()).containsExactly(new Header("T", "1"), new Header("t", "2"));
    }
  }

  @Test
  void aCountedBodyEndsAtItsLength() {
    var scanner = scanner(new Framing.Length(5));
    assertThat(scan(scanner, "abc", new StringBuilder())).isEqualTo(3);
    assertThat(scanner.finished()).isFalse();
    assertThat(scan(scanner, "defg", new StringBuilder())).isEqualTo(2);
    assertThat(scanner.finished()).isTrue();
    assertThat(scan(scanner, "x", new StringBuilder())).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "%r%n",
        " 5%r%n",
        "+5%r%n",
        "0x5%r%n",
        "5 %r%n",
        "5%n",
        "5%rx",
        "5;%r%n",
        "5;=a%r%n",
        "5;a=%r%n",
        "5;a=b c%r%n",
        "5;a=\"b%r%n",
        "5;a=\"b%n\"%r%n",
        "5;a=\"b\"c%r%n",
        "5;a%nb%r%n",
        "5,5%r%n",
        "1000000000000000%r%n",
        "5%r%nhelloX",
        "5%r%nhello%n",
        "5%r%nhello%rX",
        "0%r%n%n",
        "0%r%nA : b%r%n",
        "0%r%nA: b%n",
        "0%r%n A: b%r%n"
      })
  void badChunksAreRefused(String text) {
    String bytes = HeadParserTest.unescaped(text);
    var scanner = scanner(new Framing.Chunked());
    scan(scanner, bytes, new StringBuilder());
    assertThat(scanner.fault()).isNotEmpty();
    assertThat(scanner.finished()).isFalse();
  }

  @Test
  void longChunkLinesAndTrailersAreRefused() {
    var line = scanner(new Framing.Chunked());
    scan(line, "1;" + "a".repeat(5000), new StringBuilder());
    assertThat(line.fault()).contains("4096");
    var trailers = scanner(new Framing.Chunked());
    scan(trailers, "0\r\n" + "A: b\r\n".repeat(4000), new StringBuilder());
    assertThat(trailers.fault()).contains("16384");
  }

  @Test
  void whateverTheBytesAreNothingIsThrown() {
    var random = new Random(3);
    for (int i = 0; i < HeadParserTest.MUTATIONS; i++) {
      byte[] bytes = CHUNKED.getBytes(ISO_8859_1);
      for (int n = random.nextInt(3); n >= 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      var scanner = scanner(new Framing.Chunked());
      int taken = scan(scanner, new String(bytes, ISO_8859_1), new StringBuilder());
      assertThat(taken).isBetween(0, bytes.length);
      assertThat(scanner.finished() && !scanner.fault().isEmpty()).isFalse();
    }
  }

  private static BodyScanner scanner(Framing framing) {
    return new BodyScanner(framing, ProxyLimits.DEFAULT);
  }

  private static int scan(BodyScanner scanner, String text, StringBuilder content) {
    ByteBuf bytes = Unpooled.copiedBuffer(text, ISO_8859_1);
    return scanner.scan(
        bytes,
        0,
        bytes.writerIndex(),
        (from, length) -> content.append(text, from, from + length));
  }

  private static List<Header> headers(String list) {
    return Stream.of(list.split("; "))
        .filter(one -> !one.isEmpty())
        .map(one -> new Header(one.substring(0, one.indexOf(':')), one.substring(one.indexOf(':') + 1).trim()))
        .toList();
  }
}
