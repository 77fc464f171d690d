package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SocksParserTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 200_000 : 20_000;

  private static final String GREETING = "\5\3\0\1\2";
  private static final String LOGIN = "\1\4user\6secret";
  private static final String BY_NAME = "\5\1\0\3\13example.com\1\273";
  private static final String BY_IPV4 = "\5\1\0\1\300\0\2\1\0\120";
  private static final String BY_IPV6 = "\5\1\0\4" + "\40\1\15\270" + "\0".repeat(11) + "\1\0\120";
  private static final String SOCKS_4 = "\4\1\0\120\300\0\2\1me\0";
  private static final String SOCKS_4A = "\4\1\1\273\0\0\0\1\0example.com\0";

  private static final List<Function<String, ParsedHead<?>>> PARSERS =
      List.of(
          SocksParserTest::greeting,
          SocksParserTest::login,
          SocksParserTest::request,
          SocksParserTest::request4);

  @Test
  void whatIsWholeIsRead() {
    assertThat(greeting(GREETING + "more"))
        .isEqualTo(new ParsedHead.Complete<>(new SocksParser.Greeting(true, true), 5));
    assertThat(greeting("\5\0"))
        .isEqualTo(new ParsedHead.Complete<>(new SocksParser.Greeting(false, false), 2));
    assertThat(login(LOGIN))
        .isEqualTo(
            new ParsedHead.Complete<>(new SocksParser.Login("user", "secret"), LOGIN.length()));
    assertThat(request(BY_NAME + "GET"))
        .isEqualTo(requested(new SocksParser.Request(1, "example.com", 443), BY_NAME));
    assertThat(request(BY_IPV4))
        .isEqualTo(requested(new SocksParser.Request(1, "192.0.2.1", 80), BY_IPV4));
    assertThat(request(BY_IPV6))
        .isEqualTo(requested(new SocksParser.Request(1, "2001:db8::1", 80), BY_IPV6));
    assertThat(request4(SOCKS_4))
        .isEqualTo(requested(new SocksParser.Request(1, "192.0.2.1", 80), SOCKS_4));
    assertThat(request4(SOCKS_4A + "x"))
        .isEqualTo(requested(new SocksParser.Request(1, "example.com", 443), SOCKS_4A));
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1", "2001:db8::1", "192.0.2.1", "a_b.example", "xn--mnchen-3ya.de"})
  void aNameMayBeAnAddressInLetters(String name) {
    assertThat(request("\5\1\0\3" + (char) name.length() + name + "\0\120"))
        .isInstanceOfSatisfying(
            ParsedHead.Complete.class,
            whole -> assertThat(whole.head()).isEqualTo(new SocksParser.Request(1, name, 80)));
  }

  @Test
  void everyBeginningNeedsMore() {
    checkBeginnings(GREETING, SocksParserTest::greeting);
    checkBeginnings(LOGIN, SocksParserTest::login);
    checkBeginnings(BY_NAME, SocksParserTest::request);
    checkBeginnings(BY_IPV4, SocksParserTest::request);
    checkBeginnings(BY_IPV6, SocksParserTest::request);
    checkBeginnings(SOCKS_4, SocksParserTest::request4);
    checkBeginnings(SOCKS_4A, SocksParserTest::request4);
  }

  private static void checkBeginnings(String whole, Function<String, ParsedHead<?>> parser) {
    for (int end = 0; end < whole.length(); end++) {
      assertThat(parser.apply(whole.substring(0, end)))
          .as("the first %d bytes", end)
          .isInstanceOf(ParsedHead.NeedMore.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\4\1\0\3\1a\0\120",
        "\5\1\1\3\1a\0\120",
        "\5\1\0\2\1a\0\120",
        "\5\1\0\3\0\0\120",
        "\5\1\0\3\3a\0b\0\120",
        "\5\1\0\3\3a b\0\120",
        "\5\1\0\3\3a\nb\0\120",
        "\5\1\0\3\3a:1\0\120",
        "\5\1\0\3\3*.b\0\120",
        "\5\1\0\3\3a/b\0\120",
        "\5\1\0\3\3a@b\0\120",
        "\5\1\0\3\10fe80::1%\0\120",
      })
  void whatIsNoRequestIsRefused(String text) {
    assertThat(request(text)).isInstanceOf(ParsedHead.Malformed.class);
  }

  @Test
  void textsOfSocks4AreBounded() {
    String start = "\4\1\1\273\0\0\0\1";
    assertThat(request4(start + "u".repeat(255) + "\0" + "h".repeat(255) + "\0"))
        .isInstanceOf(ParsedHead.Complete.class);
    assertThat(request4(start + "u".repeat(257))).isInstanceOf(ParsedHead.Malformed.class);
    assertThat(request4(start + "\0" + "h".repeat(257))).isInstanceOf(ParsedHead.Malformed.class);
    assertThat(request4(start + "\0\0")).isInstanceOf(ParsedHead.Malformed.class);
  }

  @Test
  void nothingThatIsReadAsALoginIsEverPrinted() {
    assertThat(login(LOGIN).toString()).doesNotContain("user").doesNotContain("secret");
  }

  @Test
  void noInputThrowsOrIsReadPastItsEnd() {
    var random = new Random(20_261_125);
    List<String> seeds =
        List.of(GREETING, LOGIN, BY_NAME, BY_IPV4, BY_IPV6, SOCKS_4, SOCKS_4A + "\0".repeat(600));
    for (int i = 0; i < MUTATIONS; i++) {
      var text = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
      for (int change = random.nextInt(4); change >= 0 && !text.isEmpty(); change--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, (char) random.nextInt(256));
          case 1 -> text.deleteCharAt(at);
          default -> text.insert(at, (char) random.nextInt(256));
        }
      }
      String mutated = text.toString();
      for (Function<String, ParsedHead<?>> parser : PARSERS) {
        switch (parser.apply(mutated)) {
          case ParsedHead.Complete<?>(_, var consumed) ->
              assertThat(consumed).isBetween(1, mutated.length());
          case ParsedHead.Malformed<?>(_, var at) -> assertThat(at).isBetween(0, mutated.length());
          case ParsedHead.NeedMore<?>() ->
              assertThat(mutated.length()).isLessThan(SocksParser.LONGEST);
        }
      }
    }
  }

  private static ParsedHead<SocksParser.Request> requested(
      SocksParser.Request request, String text) {
    return new ParsedHead.Complete<>(request, text.length());
  }

  private static ParsedHead<SocksParser.Greeting> greeting(String text) {
    return SocksParser.greeting(bytes(text), text.length());
  }

  private static ParsedHead<SocksParser.Login> login(String text) {
    return SocksParser.login(bytes(text), text.length());
  }

  private static ParsedHead<SocksParser.Request> request(String text) {
    return SocksParser.request(bytes(text), text.length());
  }

  private static ParsedHead<SocksParser.Request> request4(String text) {
    return SocksParser.request4(bytes(text), text.length());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
