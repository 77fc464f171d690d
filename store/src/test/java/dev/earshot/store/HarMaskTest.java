package dev.earshot.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Redaction;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.ObjectMapper;

/** What is masked in a body, and that nothing else is touched. */
class HarMaskTest {
  /** Five times through a quarter of what is looked through at once, on a machine that is busy. */
  private static final Duration LONG = Duration.ofSeconds(2);

  private static final HarMask MASK = new HarMask(Redaction.CREDENTIALS);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      textBlock =
          """
          {"password":"x"} | {"password":"***"}
          {"access_token":"abc", "n": 1} | {"access_token":"***", "n": 1}
          { "password" : "a\\"b" , "b" : 2 } | { "password" : "***" , "b" : 2 }
          {"pass\\u0077ord":"x"} | {"pass\\u0077ord":"***"}
          {"pin":1234,"x":12.50} | {"pin":"***","x":12.50}
          {"secret":{"a":["x",{"b":1}],"c":null},"d":"e"} | {"secret":{"a":["***",{"b":"***"}],"c":null},"d":"e"}
          {"token":"","password":null,"secret":true,"a":"b"} | {"token":"","password":null,"secret":true,"a":"b"}
          {"url":"https://u:p@h/?a=1"} | {"url":"https://***@h/?a=1"}
          ["ghp_aaaaaaaaaaaaaaaaaaaaaaaaa","b"] | ["***","b"]
          {"a":1} {"password":"x"} | {"a":1} {"password":"***"}
          {"password":"cut of | {"password":"***
          {"a":"b","password": | {"a":"b","password":
          {"secret":["a","b | {"secret":["***","***
          {"a":[1,2],"b":"cut token=abcdef | {"a":[1,2],"b":"cut token=***
          [2026] password=foo | [2026] password=***
          {not json} token=abcdef | {not json} token=***
          """)
  void json(String text, String masked) {
    assertThat(MASK.body("application/json", text)).isEqualTo(masked);
    assertThat(MASK.body("", text)).isEqualTo(masked);
    assertThat(MASK.body("", masked)).as("again").isEqualTo(masked);
    assertThat(new HarMask(Redaction.NONE).body("", text)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          application/x-www-form-urlencoded | a=1&password=x&b=2 | a=1&password=***&b=2
          application/x-www-form-urlencoded | client_secret=a%20b+c | client_secret=***
          text/xml | <a><wsse:Password Type="t">x</wsse:Password><b>c</b></a> | <a><wsse:Password Type="t">***</wsse:Password><b>c</b></a>
          text/xml | <password><![CDATA[x]]></password> | <password><![CDATA[***
          text/plain | Authorization: Bearer abcdefghij | Authorization: Bearer ***
          text/plain | nothing to hide | nothing to hide
          """)
  void otherKinds(String mimeType, String text, String masked) {
    assertThat(MASK.body(mimeType, text)).isEqualTo(masked);
    assertThat(MASK.body(mimeType, masked)).as("again").isEqualTo(masked);
  }

  @Test
  void partsOfAForm() {
    String text =
        """
        --x
        Content-Disposition: form-data; filename="f.txt"; name="file"
        Content-Type: text/plain

        some --x text
        --x
        content-disposition: form-data; name=api_key

        line 1
        line 2
        --x
        Content-Disposition: form-data; name="token"

        --x--
        """;
    assertThat(MASK.body("multipart/form-data; boundary=x", text))
        .isEqualTo(text.replace("line 1\nline 2", "***"));
    String cut = "--x\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\nabc";
    assertThat(MASK.body("multipart/form-data", cut)).isEqualTo(cut.replace("abc", "***"));
  }

  @Test
  void whatIsTooLongIsMaskedAsAWhole() {
    assertThat(MASK.body("", "a".repeat(HarMask.LONGEST + 1))).isEqualTo("***");
    assertThat(MASK.body("", "a".repeat(HarMask.LONGEST))).hasSize(HarMask.LONGEST);
  }

  /** Whole JSON stays JSON of the same shape, and what is masked is gone. */
  @Test
  void anyJsonStaysJson() {
    var random = new Random(5);
    var json = new ObjectMapper();
    for (int i = 0; i < 2_000; i++) {
      String text = value(random, 4);
      String masked = MASK.body("application/json", text);
      json.readTree(masked);
      assertThat(masked).as(text).doesNotContain("hidden");
    }
  }

  private static String value(Random random, int depth) {
    return switch (random.nextInt(depth > 0 ? 6 : 4)) {
      case 0 -> "" + random.nextInt();
      case 1 -> "\"a\\\"b\\\\\\n\"";
      case 2 -> "null";
      case 3 -> "{\"password\" : \"x\\\"hidden\\\\\"}";
      case 4 -> "[" + value(random, depth - 1) + " ,\n" + value(random, depth - 1) + "]";
      default ->
          "{\"k\":%s,\"auth_token\":[\"hidden\",{\"x\":\"hidden\"}],\"\\u0061\":%s}"
              .formatted(value(random, depth - 1), value(random, depth - 1));
    };
  }

  /** Text of every kind of nonsense, cut anywhere. */
  @Test
  void nothingThrows() {
    var random = new Random(6);
    String alphabet = "{}[]\":,\\ \n\r<>/=&-abpassword12\u0000\u20ac\ud83d";
    for (int i = 0; i < 20_000; i++) {
      var text = new StringBuilder();
      int length = random.nextInt(60);
      for (int at = 0; at < length; at++) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      for (String type : new String[] {"", "application/json", "text/xml", "multipart/x"}) {
        assertThat(MASK.body(type, text.toString())).isNotNull();
      }
    }
  }

  /** What is made to take long does not. */
  @Test
  void theWorkIsLinear() {
    for (String piece :
        new String[] {
          "<a ",
          "<a>x",
          "<password>",
          "<password><![CDATA[",
          "{\"a\":",
          "[",
          "\"",
          "\\\"",
          "token=",
          "content-disposition: form-data; name=a\n",
          "content-disposition:\n\n",
          "--x\n",
          "://",
          "a@",
          "{\"password\":[",
          "&amp;=%"
        }) {
      String text = piece.repeat(HarMask.LONGEST / 4 / piece.length());
      long before = System.nanoTime();
      for (String type : new String[] {"", "application/json", "text/xml"}) {
        MASK.body(type, text);
      }
      MASK.body("multipart/x", "--x\n" + text.substring(4));
      MASK.findsIn(text);
      assertThat(Duration.ofNanos(System.nanoTime() - before)).as(piece).isLessThan(LONG);
    }
  }
}
