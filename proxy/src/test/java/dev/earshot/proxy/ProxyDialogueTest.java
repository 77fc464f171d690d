package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyDialogueTest {
  private static final Target TARGET = new Target("https", "name.test", 443);
  private static final Optional<UpstreamProxy.Credentials> KNOWN =
      Optional.of(new UpstreamProxy.Credentials("üser", "secret"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          false | ''        | 050100   | 0500 | 050100 03 09 6e616d652e74657374 01bb
          false | 127.0.0.1 | 050100   | 0500 | 050100 01 7f000001 01bb
          false | ::1       | 050100   | 0500 | 050100 04 00000000000000000000000000000001 01bb
          true  | ''        | 05020002 | 0500 | 050100 03 09 6e616d652e74657374 01bb
          true  | ''        | 05020002 | 0502 | 01 05 c3bc736572 06 736563726574
          """)
  void socks5IsToldWhereTo(
      boolean known, String address, String opening, String answer, String then) {
    var dialogue = socks5(known, address);
    assertThat(hex(dialogue.opening())).isEqualTo(opening);
    assertThat(read(dialogue, answer)).isEqualTo("say " + then.replace(" ", "") + " after 2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          05ff     | it needs credentials: give them as socks5h://USER:PASS@p.test:1080
          0502     | it chose an authentication that was not offered (2)
          0501     | it chose an authentication that was not offered (1)
          485454   | its answer is not SOCKS 5: it seems to speak HTTP, as in http://
          04       | its answer is not SOCKS 5: is it a proxy of this version of SOCKS?
          0500 0501       | it says: general failure (SOCKS reply 1)
          0500 0502       | it says: not allowed by its rules (SOCKS reply 2)
          0500 050300     | it says: network unreachable (SOCKS reply 3)
          0500 050400     | it says: host unreachable (SOCKS reply 4)
          0500 05050001   | it says: connection refused (SOCKS reply 5)
          0500 0506       | it says: TTL expired (SOCKS reply 6)
          0500 0507       | it says: command not supported (SOCKS reply 7)
          0500 0508       | it says: address type not supported (SOCKS reply 8)
          0500 05aa       | it says: unknown reason (SOCKS reply 170)
          0500 0500000901 | its answer is not SOCKS 5: address type 9
          """)
  void socks5RefusesInWords(String answers, String why) {
    assertThat(read(socks5(false, ""), answers)).isEqualTo(why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0502 0101 | it refuses the user name or the password: give them as socks5h://USER:PASS@p.test:1080
          05ff      | it accepts neither a client without credentials nor a user name and password
          0502 0100 0500000100000000ffff | open after 10
          """)
  void socks5TakesOrRefusesCredentials(String answers, String why) {
    assertThat(read(socks5(true, ""), answers)).isEqualTo(why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0500000100000000ffff                             | 10
          0500000400000000000000000000000000000000ffff     | 22
          0500000303616263ffff                             | 10
          050000030000 00                                  | 7
          """)
  void socks5OpensBehindItsWholeReplyOnly(String reply, int consumed) {
    byte[] bytes = HexFormat.of().parseHex(reply.replace(" ", "") + "323230");
    for (int length = 0; length < bytes.length; length++) {
      var dialogue = socks5(false, "");
      dialogue.read(new byte[] {5, 0}, 2);
      assertThat(dialogue.read(bytes, length))
          .isEqualTo(
              length < consumed
                  ? new ProxyDialogue.Step.NeedMore()
                  : new ProxyDialogue.Step.Open(consumed));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          false | 127.0.0.1 | 0401 01bb 7f000001 00
          true  | 127.0.0.1 | 0401 01bb 7f000001 c3bc736572 00
          true  | ''        | 0401 01bb 00000001 c3bc736572 00 6e616d652e74657374 00
          """)
  void socks4IsToldWhereTo(boolean known, String address, String opening) {
    assertThat(hex(socks4(known, address).opening())).isEqualTo(opening.replace(" ", ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          005a000000000000 | open after 8
          005a0000000000   | more
          005b000000000000 | it rejected the request or failed (SOCKS reply 91)
          005d000000000000 | it does not accept the user name (SOCKS reply 93)
          0001000000000000 | it refused for an unknown reason (SOCKS reply 1)
          0500             | its answer is not SOCKS 4: is it a proxy of this version of SOCKS?
          """)
  void socks4AnswersInWords(String answer, String what) {
    assertThat(read(socks4(false, ""), answer)).isEqualTo(what);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          200 OK%r%n%r%n220                                     | open after 19
          403 No%r%n%r%n                                        | it does not allow a tunnel to there (403 No)
          401 No%r%n%r%n                                        | it needs credentials (401 No): give them as http://USER:PASS@p.test:3128
          503 Full%r%n%r%n                                      | it answered CONNECT with 503 Full
          407 Who%r%n%r%n                                       | it needs credentials (407 Who): give them as http://USER:PASS@p.test:3128
          407 Who%r%nProxy-Authenticate: Basic realm="a, b"%r%n%r%n | it needs credentials (407 Who): give them as http://USER:PASS@p.test:3128
          407 Who%r%nProxy-Authenticate: NTLM%r%nProxy-Authenticate: Negotiate abc%r%n%r%n | it asks for authentication by NTLM, Negotiate (407 Who), and Earshot knows Basic alone
          407 Who%r%nProxy-Authenticate: Digest realm="x", nonce="y"%r%n%r%n | it asks for authentication by Digest (407 Who), and Earshot knows Basic alone
          """)
  void httpAnswersInWords(String answer, String what) {
    String head = HeadParserTest.unescaped("HTTP/1.1 " + answer);
    assertThat(told(http(false).read(head.getBytes(ISO_8859_1), head.length()))).isEqualTo(what);
  }

  @Test
  void httpRefusesCredentialsWithoutNamingThem() {
    String head = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    assertThat(http(true).opening())
        .contains("\r\nProxy-Authorization: " + KNOWN.orElseThrow().basic() + "\r\n");
    assertThat(told(http(true).read(head.getBytes(ISO_8859_1), head.length())))
        .startsWith("it refuses the credentials (407 Proxy")
        .doesNotContain("secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0502ff              | it seems to speak SOCKS, as in socks5://
          15030100020246      | it seems to speak TLS, as in https://
          535348              | is it an HTTP proxy?
          """)
  void whatIsNotHttpIsGuessedAt(String answer, String hint) {
    byte[] bytes = HexFormat.of().parseHex(answer + "0d0a0d0a");
    assertThat(told(http(false).read(bytes, bytes.length))).contains("malformed").endsWith(hint);
  }

  @Test
  void noAnswerIsTooStrange() {
    var random = new Random(4711);
    for (Supplier<ProxyDialogue> kind :
        Arrays.<Supplier<ProxyDialogue>>asList(
            () -> socks5(true, ""), () -> socks4(true, ""), () -> http(true))) {
      for (int i = 0; i < 50_000; i++) {
        ProxyDialogue dialogue = kind.get();
        for (int turn = 0; turn < 3; turn++) {
          var bytes = new byte[random.nextInt(12)];
          random.nextBytes(bytes);
          if (bytes.length > 1 && random.nextBoolean()) {
            bytes[0] = (byte) (random.nextBoolean() ? 5 : 0);
            bytes[1] = (byte) random.nextInt(3);
          }
          assertThat(dialogue.read(bytes, bytes.length)).isNotNull();
        }
      }
    }
  }

  @Test
  void noTextOfAProxyHasItsCredentials() {
    assertThat(socks5Proxy(true) + "" + http(true) + KNOWN).doesNotContain("secret", "üser");
  }

  private static UpstreamProxy.Socks5 socks5Proxy(boolean known) {
    return new UpstreamProxy.Socks5("p.test", 1080, true, known ? KNOWN : Optional.empty());
  }

  private static ProxyDialogue socks5(boolean known, String address) {
    return new Socks5Connect(socks5Proxy(known), TARGET, address(address));
  }

  private static ProxyDialogue socks4(boolean known, String address) {
    var proxy = new UpstreamProxy.Socks4("p.test", 1080, true, known ? KNOWN : Optional.empty());
    return new Socks4Connect(proxy, TARGET, address(address));
  }

  private static ProxyDialogue http(boolean known) {
    var proxy = new UpstreamProxy.Http("p.test", 3128, false, known ? KNOWN : Optional.empty());
    return new HttpConnect(proxy, TARGET);
  }

  private static Optional<InetAddress> address(String literal) {
    return literal.isEmpty() ? Optional.empty() : Optional.of(InetAddress.ofLiteral(literal));
  }

  /** What comes of the last of these answers. */
  private static String read(ProxyDialogue dialogue, String answers) {
    String last = "";
    for (String answer : answers.split(" ", -1)) {
      byte[] bytes = HexFormat.of().parseHex(answer);
      last = told(dialogue.read(bytes, bytes.length));
    }
    return last;
  }

  private static String told(ProxyDialogue.Step step) {
    return switch (step) {
      case ProxyDialogue.Step.NeedMore() -> "more";
      case ProxyDialogue.Step.Say(var bytes, var consumed) ->
          "say " + hex(bytes) + " after " + consumed;
      case ProxyDialogue.Step.Open(var consumed) -> "open after " + consumed;
      case ProxyDialogue.Step.Failed(var why) -> why;
    };
  }

  private static String hex(String bytes) {
    return HexFormat.of().formatHex(bytes.getBytes(ISO_8859_1));
  }
}
