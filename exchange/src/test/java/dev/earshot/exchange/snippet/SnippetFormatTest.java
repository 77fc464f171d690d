package dev.earshot.exchange.snippet;

import static dev.earshot.exchange.Redaction.CREDENTIALS;
import static dev.earshot.exchange.Redaction.NONE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What snippets say; the tests of the packaged program run them by their tools. */
class SnippetFormatTest {
  static Stream<SnippetFormat> runnable() {
    return EnumSet.complementOf(EnumSet.of(SnippetFormat.MARKDOWN)).stream();
  }

  @Test
  void namesAreThoseOfTheCommandLine() {
    assertThat(Stream.of("curl", "httpie", "fetch", "requests", "java", "markdown"))
        .allSatisfy(
            name -> assertThat(SnippetFormat.named(name).orElseThrow().wireName()).isEqualTo(name));
    assertThat(SnippetFormat.named("CURL")).isEmpty();
  }

  @Test
  void curlIsReadable() throws IOException {
    assertThat(
            SnippetFormat.CURL.write(
                Exchanges.request(
                    NONE,
                    "PATCH /v1/items?page=2",
                    "{\"name\":\"it's Müller\"}",
                    "Host: example.com",
                    "User-Agent: demo/1",
                    "Accept: */*",
                    "Content-Type: application/json",
                    "Content-Length: 23")))
        .isEqualTo(
            """
            curl -X PATCH 'http://example.com/v1/items?page=2' \\
              -H 'User-Agent: demo/1' \\
              -H 'Accept: */*' \\
              -H 'Content-Type: application/json' \\
              --data-raw '{"name":"it'\\''s Müller"}'
            """);
  }

  @ParameterizedTest
  @EnumSource(SnippetFormat.class)
  void secretsAreMaskedAndTheFirstLineSaysSo(SnippetFormat format) throws IOException {
    for (String[] each :
        List.of(
            new String[] {"GET /", "", "Authorization: Bearer s3cr3t-in-a-header"},
            new String[] {"GET /?password=s3cr3t-in-a-query", "", "Accept: */*"},
            new String[] {
              "POST /", "{\"password\": \"s3cr3t-in-json\"}", "Content-Type: application/json"
            },
            new String[] {
              "POST /",
              "user=a&password=s3cr3t-in-a-form&b=c",
              "Content-Type: application/x-www-form-urlencoded"
            })) {
      String text =
          format.write(
              Exchanges.request(CREDENTIALS, each[0], each[1], "Host: example.com", each[2]));
      assertThat(text).doesNotContain("s3cr3t").contains("***");
      assertThat(text.lines().findFirst().orElseThrow()).contains("masked: credentials");
    }
  }

  @ParameterizedTest
  @EnumSource(SnippetFormat.class)
  void whatHoldsNoSecretIsRunnableAsItIs(SnippetFormat format) throws IOException {
    String[] request = {"POST /?a=b", "{\"c\": 1}", "Host: example.com", "Content-Type: text/x"};
    String text =
        format.write(
            Exchanges.request(CREDENTIALS, request[0], request[1], request[2], request[3]));
    assertThat(text)
        .doesNotContain("masked")
        .isEqualTo(
            format.write(Exchanges.request(NONE, request[0], request[1], request[2], request[3])));
  }

  @ParameterizedTest
  @MethodSource("runnable")
  void aBodyThatCannotBeLookedThroughIsLeftOut(SnippetFormat format) throws IOException {
    for (String[] headers :
        List.of(
            new String[] {"Content-Encoding: gzip", "Content-Type: application/json"},
            new String[] {"X-A: 1", "Content-Type: image/svg+xml"})) {
      byte[] body = {(byte) 0x1f, (byte) 0x8b, 0, (byte) 0xff};
      Snippet snippet =
          Exchanges.of(
              CREDENTIALS,
              "http://example.com/",
              Exchanges.head("POST /", headers),
              body,
              List.of(),
              new byte[0]);
      assertThat(format.write(snippet))
          .contains("masked: credentials", "could not be looked through", "request-body-42")
          .doesNotContain("H4sA", "H4sAA", "H4sA/w==", "H4sA_w");
    }
  }

  @ParameterizedTest
  @MethodSource("runnable")
  void aBodyThatIsNotAllThereComesFromAFile(SnippetFormat format) throws IOException {
    byte[] kept = "kept".getBytes(UTF_8);
    assertThat(format.write(Exchanges.cut(new Body(9, 4, BodyGap.TRUNCATED), kept)))
        .contains("Of the 9 bytes of the body, 4 were kept. Put it into the file request-body-42.")
        .doesNotContain("kept\"", "a2VwdA");
    // The client went away before it had sent all of it.
    assertThat(
            format.write(Exchanges.cut(new Body(4, 4, BodyGap.NONE), kept, "Content-Length: 70")))
        .contains("Of the 70 bytes of the body, 4 were kept.");
    // What the record says and what can be read are not the same.
    assertThat(format.write(Exchanges.cut(new Body(5, 5, BodyGap.NONE), kept)))
        .contains("5 bytes, of which 4 could be read.");
    assertThat(format.write(Exchanges.cut(new Body(5, 0, BodyGap.MASKED), new byte[0])))
        .contains("masked: credentials", "The body was masked as a whole.");
    assertThat(
            format.write(
                Exchanges.cut(new Body(1 << 20, 1 << 20, BodyGap.NONE), new byte[1 << 20])))
        .hasSizeBetween(1 << 20, 3 << 19)
        .doesNotContain("request-body");
    int more = (1 << 20) + 1;
    assertThat(format.write(Exchanges.cut(new Body(more, more, BodyGap.NONE), new byte[more])))
        .contains("request-body-42")
        .hasSizeLessThan(2000);
  }

  @ParameterizedTest
  @MethodSource("runnable")
  void whatCannotBeSentSaysWhyAndRepeatsNothingOfIt(SnippetFormat format) throws IOException {
    String evil = "\n'\"*/ touch-evil \u2028";
    RequestHead good = Exchanges.head("GET /");
    for (Snippet each :
        List.of(
            Exchanges.tunnel(),
            Exchanges.request(NONE, "CONNECT example.com:443", ""),
            Exchanges.request(NONE, "GET nowhere", ""),
            Exchanges.request(NONE, "GET" + evil.replace(" ", "") + " /", ""),
            Exchanges.request(NONE, "GET /" + evil, ""),
            Exchanges.request(NONE, "GET /", "", "X" + evil + ": 1"),
            Exchanges.request(NONE, "GET /", "", "X-A: 1" + evil + "x"),
            Exchanges.request(NONE, "GET /", "", "X-A: 1\0"),
            Exchanges.request(NONE, "GET /", "", "X-A: \u0100"),
            request("http://" + evil + "/", good),
            request("http://a b/", good),
            request("ftp://example.com/", good),
            request("http://example.com:1x/", good))) {
      assertThat(format.write(each))
          .contains("earshot: exchange 42 ")
          .doesNotContain("touch-evil", "nowhere", "ftp");
    }
  }

  @ParameterizedTest
  @EnumSource(SnippetFormat.class)
  void userInformationIsNotSentAsItWasNot(SnippetFormat format) throws IOException {
    String text =
        format.write(
            request(
                "http://user:s3cr3t@example.com/", Exchanges.head("GET /", "Host: example.com")));
    if (format != SnippetFormat.MARKDOWN) {
      assertThat(text).contains("http://example.com/").doesNotContain("s3cr3t", "user:");
    }
    assertThat(
            format.write(
                Exchanges.of(
                    CREDENTIALS,
                    "http://user:s3cr3t@example.com/",
                    Exchanges.head("GET /", "Host: example.com"),
                    new byte[0],
                    List.of(),
                    new byte[0])))
        .doesNotContain("s3cr3t");
  }

  @ParameterizedTest
  @EnumSource(SnippetFormat.class)
  void anyRecordIsWrittenWithoutControlCharacters(SnippetFormat format) throws IOException {
    var random = new Random(3);
    for (int i = 0; i < 2000; i++) {
      var head =
          new RequestHead(
              text(random, i),
              "/" + text(random, i),
              i % 5 == 0 ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1,
              headers(random, i));
      byte[] body = new byte[random.nextInt(50)];
      random.nextBytes(body);
      String url = "http://" + (i % 2 == 0 ? "example.com" : text(random, 1)) + "/";
      for (var redaction : List.of(NONE, CREDENTIALS)) {
        String written =
            format.write(Exchanges.of(redaction, url, head, body, headers(random, 1), body));
        assertThat(written)
            .endsWith("\n")
            .matches(all ->
                all.codePoints().allMatch(c -> c == '\n' || c == '\t' || PlainText.isPlain(c)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("runnable")
  void aLongHeadIsWrittenOrRefused(SnippetFormat format) throws IOException {
    String target = "/" + "%7Ea\u00e9".repeat(10_000);
    String text = format.write(Exchanges.request(NONE, "GET " + target, "", "X-A: 1"));
    assertThat(text).contains(format == SnippetFormat.JAVA ? "too long for constants" : "%7Ea");
    String value = "v".repeat(200_000);
    boolean bounded = format != SnippetFormat.FETCH && format != SnippetFormat.REQUESTS;
    assertThat(format.write(Exchanges.request(NONE, "GET /", "", "X-A: " + value)))
        .contains(bounded ? "has a head too long for" : value);
  }

  private static Snippet request(String url, RequestHead head) {
    return Exchanges.of(NONE, url, head, new byte[0], List.of(), new byte[0]);
  }

  private static List<Header> headers(Random random, int odd) {
    var headers = new ArrayList<Header>();
    for (int count = random.nextInt(4); count > 0; count--) {
      headers.add(new Header(text(random, odd), text(random, odd)));
    }
    return headers;
  }

  /** Every third of characters that HTTP does not let through. */
  private static String text(Random random, int odd) {
    var text = new StringBuilder("x");
    for (int length = random.nextInt(8); length > 0; length--) {
      text.append(
          odd % 3 == 0 ? (char) random.nextInt(0x2100) : (char) (0x21 + random.nextInt(0x5e)));
    }
    return text.toString();
  }
}
