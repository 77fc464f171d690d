package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeadParserTest {
  private static final String REQUEST =
      String.join(
          "\r\n",
          "POST http://example.com/a?b=%20c HTTP/1.1",
          "Host: example.com",
          "X-Twice:one",
          "x-twice: \t two \t",
          "Empty:",
          "Latin: caf\u00e9",
          "",
          "");
  private static final String RESPONSE =
      "HTTP/1.0 404 Not so found\r\nServer: x\r\nSet-Cookie: a=1; b\r\n\r\n";

  /** Mutations in the normal run; ten times as many with {@code -Dstress}. */
  static final int MUTATIONS = System.getProperty("stress") == null ? 20_000 : 200_000;

  @Test
  void aRequestKeepsOrderCaseRepeatsAndBytes() {
    assertThat(request(REQUEST + "body"))
        .isEqualTo(
            new ParsedHead.Complete<>(
                new RequestHead(
                    "POST",
                    "http://example.com/a?b=%20c",
                    HttpVersion.HTTP_1_1,
                    List.of(
                        new Header("Host", "example.com"),
                        new Header("X-Twice", "one"),
                        new Header("x-twice", "two"),
                        new Header("Empty", ""),
                        new Header("Latin", "caf\u00e9"))),
                REQUEST.length()));
  }

  @Test
  void aResponseKeepsItsReason() {
    assertThat(response(RESPONSE))
        .isEqualTo(
            new ParsedHead.Complete<>(
                new ResponseHead(
                    HttpVersion.HTTP_1_0,
                    404,
                    "Not so found",
                    List.of(new Header("Server", "x"), new Header("Set-Cookie", "a=1; b"))),
                RESPONSE.length()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"})
  void aResponseMayLackItsReason(String text) {
    assertThat(response(text)).isInstanceOf(ParsedHead.Complete.class);
  }

  @Test
  void oneEmptyLineBeforeARequestIsSkipped() {
    assertThat(request("\r\n" + REQUEST)).isInstanceOf(ParsedHead.Complete.class);
    assertThat(request("\r\n\r\n" + REQUEST)).isInstanceOf(ParsedHead.Malformed.class);
  }

  @Test
  void everyPrefixNeedsMore() {
    for (int i = 0; i < REQUEST.length(); i++) {
      assertThat(request(REQUEST.substring(0, i))).isEqualTo(new ParsedHead.NeedMore<>());
    }
    for (int i = 0; i < RESPONSE.length(); i++) {
      assertThat(response(RESPONSE.substring(0, i))).isEqualTo(new ParsedHead.NeedMore<>());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ' GET / HTTP/1.1%r%n%r%n'              | 0  | method
          'G@T / HTTP/1.1%r%n%r%n'               | 1  | method
          'GET  / HTTP/1.1%r%n%r%n'              | 4  | target
          'GET /%t HTTP/1.1%r%n%r%n'             | 5  | target
          'GET /%0 HTTP/1.1%r%n%r%n'             | 5  | target
          'GET / HTTP/1.2%r%n%r%n'               | 13 | neither
          'GET / HTTP/2.0%r%n%r%n'               | 11 | not HTTP/1
          'GET / HTTP/1.1 %r%n%r%n'              | 14 | line
          'GET /%r%n%r%n'                        | 5  | target
          'GET / HTTP/1.1%nA: b%r%n%r%n'         | 14 | bare LF
          'GET / HTTP/1.1%rA: b%r%n%r%n'         | 14 | bare CR
          'GET / HTTP/1.1%r%nA: b%nC: d%r%n%r%n' | 20 | bare LF
          'GET / HTTP/1.1%r%nA: b%rC: d%r%n%r%n' | 20 | bare CR
          'GET / HTTP/1.1%r%nA: b%r%n%n'         | 22 | bare LF
          'GET / HTTP/1.1%r%nA: b%r%n c%r%n%r%n' | 22 | folded
          'GET / HTTP/1.1%r%n A: b%r%n%r%n'      | 16 | folded
          'GET / HTTP/1.1%r%nA : b%r%n%r%n'      | 17 | header name
          'GET / HTTP/1.1%r%n: b%r%n%r%n'        | 16 | header name
          'GET / HTTP/1.1%r%nAb%r%n%r%n'         | 18 | header name
          'GET / HTTP/1.1%r%nA(: b%r%n%r%n'      | 17 | header name
          'GET / HTTP/1.1%r%nA: %0%r%n%r%n'      | 19 | line
          'GET / HTTP/1.1%r%nA: %d%r%n%r%n'      | 19 | line
          """)
  void aRequestIsRefusedAtTheByteAtFault(String text, int at, String reason) {
    assertThat(request(unescaped(text)))
        .isInstanceOfSatisfying(
            ParsedHead.Malformed.class,
            malformed -> {
              assertThat(malformed.at()).isEqualTo(at);
              assertThat(malformed.reason()).contains(reason);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ICY 200 OK%r%n%r%n",
        "HTTP/1.1  200 OK%r%n%r%n",
        "HTTP/1.1 20 OK%r%n%r%n",
        "HTTP/1.1 2000 OK%r%n%r%n",
        "HTTP/1.1 099 OK%r%n%r%n",
        "HTTP/1.1 +20 OK%r%n%r%n",
        "HTTP/1.1 200OK%r%n%r%n",
        "HTTP/1.1 200 O%0K%r%n%r%n",
        "HTTP/1.1 200 OK%n%n",
        "HTTP/2 200 OK%r%n%r%n"
      })
  void aResponseIsRefused(String text) {
    assertThat(response(unescaped(text))).isInstanceOf(ParsedHead.Malformed.class);
  }

  @Test
  void whatWasRefusedIsNotMadeGoodByMoreBytes() {
    var random = new Random(7);
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] bytes = mutated(REQUEST, random);
      boolean refused = false;
      for (int length = 0; length <= bytes.length; length++) {
        var parsed = HeadParser.request(bytes, length);
        assertThat(refused && !(parsed instanceof ParsedHead.Malformed)).isFalse();
        refused |= parsed instanceof ParsedHead.Malformed;
        if (parsed instanceof ParsedHead.Complete<RequestHead>(var head, var consumed)) {
          assertThat(consumed).isEqualTo(length);
          assertThat(head.target()).doesNotContain(" ", "\r", "\n");
          break;
        }
      }
    }
  }

  @Test
  void whateverTheBytesAreNothingIsThrown() {
    var random = new Random(1);
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] request = mutated(REQUEST, random);
      byte[] response = mutated(RESPONSE, random);
      assertThat(HeadParser.request(request, request.length)).isNotNull();
      assertThat(HeadParser.response(response, response.length)).isNotNull();
      assertThat(HeadParser.trailers(response, response.length)).isNotNull();
      assertThat(ClientHello.parse(response, response.length)).isNotNull();
      assertThat(ConnectSniffer.decide(request, request.length)).isNotNull();
    }
  }

  private static byte[] mutated(String text, Random random) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    for (int n = random.nextInt(3); n >= 0; n--) {
      bytes[random.nextInt(bytes.length)] =
          switch (random.nextInt(4)) {
            case 0 -> '\r';
            case 1 -> '\n';
            case 2 -> (byte) " \t:\0".charAt(random.nextInt(4));
            default -> (byte) random.nextInt(256);
          };
    }
    return bytes;
  }

  private static ParsedHead<RequestHead> request(String text) {
    return HeadParser.request(text.getBytes(ISO_8859_1), text.length());
  }

  private static ParsedHead<ResponseHead> response(String text) {
    return HeadParser.response(text.getBytes(ISO_8859_1), text.length());
  }

  /** %r, %n, %t, %0 and %d stand for CR, LF, tab, NUL and DEL. */
  static String unescaped(String text) {
    return text.replace("%r", "\r")
        .replace("%n", "\n")
        .replace("%t", "\t")
        .replace("%0", "\0")
        .replace("%d", "\u007f");
  }
}
