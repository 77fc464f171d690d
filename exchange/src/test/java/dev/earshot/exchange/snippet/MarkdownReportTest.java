package dev.earshot.exchange.snippet;

import static dev.earshot.exchange.Redaction.CREDENTIALS;
import static dev.earshot.exchange.Redaction.NONE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Redaction;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MarkdownReportTest {
  private static final List<Header> JSON = List.of(new Header("Content-Type", "application/json"));

  @Test
  void aReportTellsBothSides() throws IOException {
    assertThat(report(NONE, "{\"a\":1}", JSON, "{\n  \"b\": 2\n}\n"))
        .isEqualTo(
            """
            ### Exchange 42

            ```
            POST http://example.com/x?y
            ```
            - started 2026-01-02T03:04:05.678Z
            - status 200 after 12.0 ms
            - finished after 20.0 ms (blocked 0.0 ms, connect 1.5 ms, send 0.0 ms, wait 2.0 ms, receive 0.0 ms)
            - request body 7 bytes
            - response body 13 bytes

            #### Request

            ```http
            POST /x?y HTTP/1.1
            Host: example.com
            X-Ticks: ok
            ```

            ```
            {"a":1}
            ```

            #### Response

            ```http
            HTTP/1.1 200 OK
            Content-Type: application/json
            ```

            ```json
            {
              "b": 2
            }
            ```
            """);
  }

  @Test
  void nothingGetsOutOfItsFence() throws IOException {
    var random = new Random(11);
    for (int i = 0; i < 3000; i++) {
      String body = hostile(random) + "end";
      String report =
          MarkdownReport.write(
              Exchanges.of(
                  NONE,
                  "http://example.com/" + hostile(random),
                  Exchanges.head("GET /" + hostile(random), "X-A: 1" + hostile(random)),
                  body.getBytes(UTF_8),
                  List.of(new Header("X-B", hostile(random)), new Header(hostile(random), "")),
                  body.getBytes(UTF_8)));
      assertThat(outside(report))
          .allMatch(line -> line.matches("|#{3,4} [A-Z][a-z]+( 42)?|- [a-z][a-zA-Z0-9:., ()-]+"));
    }
  }

  @Test
  void aLongBodyIsCutAndSaysSo() throws IOException {
    String report = report(NONE, "é🙂".repeat(20_000), JSON, "x".repeat(16 * 1024));
    assertThat(report).contains("Only the beginning of the body is here.").hasSizeLessThan(60_000);
    assertThat(report.split("Only the beginning", -1)).hasSize(2);
  }

  @Test
  void aSecretIsNotCutIntoWhatIsNone() throws IOException {
    String before = "x ".repeat(8 * 1024 - 6);
    String token = "ghp_" + "a1B2".repeat(9);
    assertThat(report(NONE, before + token, JSON, "")).contains("ghp_a1B2");
    assertThat(report(CREDENTIALS, before + token, JSON, ""))
        .doesNotContain("ghp_a1")
        .contains("*masked: credentials*");
  }

  @Test
  void whatIsNoTextIsNotShown() throws IOException {
    assertThat(report(NONE, "a\0b", JSON, ""))
        .contains("The body is not text.")
        .doesNotContain("u{0}");
  }

  @Test
  void aBodyIsShownAsItWasDecoded() throws IOException {
    Snippet wire =
        Exchanges.of(
            CREDENTIALS,
            "http://example.com/",
            Exchanges.head("POST /", "Content-Encoding: gzip"),
            new byte[] {0x1f, (byte) 0x8b},
            List.of(new Header("Content-Encoding", "br")),
            new byte[] {1, 0});
    assertThat(MarkdownReport.write(wire)).contains("The body is not text.");
    byte[] text = "{\"password\": \"s3cr3t\"}".getBytes(UTF_8);
    var decoded =
        new Snippet(
            wire.exchange(), wire.wire(), _ -> new ByteArrayInputStream(text), wire.redaction());
    assertThat(MarkdownReport.write(decoded)).contains("{\"password\": ").doesNotContain("s3cr3t");
  }

  private static String report(Redaction redaction, String up, List<Header> answer, String down)
      throws IOException {
    return MarkdownReport.write(
        Exchanges.of(
            redaction,
            "http://example.com/x?y",
            Exchanges.head("POST /x?y", "Host: example.com", "X-Ticks: ok"),
            up.getBytes(UTF_8),
            answer,
            down.getBytes(UTF_8)));
  }

  /** The lines that are in no fence, by the rules of CommonMark. */
  private static List<String> outside(String report) {
    var outside = new ArrayList<String>();
    String fence = "";
    for (String line : report.split("\n", -1)) {
      if (fence.isEmpty()) {
        if (line.matches(" {0,3}(```+)[^`]*")) {
          fence = line.strip().replaceAll("[^`]", "");
        } else {
          outside.add(line);
        }
      } else if (line.matches(" {0,3}`{" + fence.length() + ",}[ \t]*")) {
        fence = "";
      }
    }
    assertThat(fence).as(report).isEmpty();
    return outside;
  }

  private static String hostile(Random random) {
    String[] parts = {
      "`", "``", "```", "````", "~~~", "\n", "\r", "\r\n", "    ", "</pre>", "\u2028", "\u202e",
      "# x", "x"
    };
    var text = new StringBuilder();
    for (int count = random.nextInt(12); count > 0; count--) {
      text.append(parts[random.nextInt(parts.length)]);
    }
    return text.toString();
  }
}
