package dev.earshot.exchange.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterParserTest {
  private static final int TEXTS = Boolean.getBoolean("stress") ? 2_000_000 : 50_000;

  /** The normal form shows what was understood. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '^',
      value = {
        "^^; ^^",
        "^ \t ^; ^^",
        "a b|c d; a b | c d",
        "a|b c|d; a | b c | d",
        "a (b|c); a (b | c)",
        "(a b) (c); a b c",
        "((a|b)|c); a | b | c",
        "(((a))); a",
        "-a; -a",
        "--a; a",
        "---a; -a",
        "-(a b); -(a b)",
        "-(a|b) c; -(a | b) c",
        "-(-a); a",
        "-(a); -a",
        "a-b -c-d; a-b -c-d",
        "\"a b\" c; \"a b\" c",
        "a\" \"b; \"a b\"",
        "\"a\"; a",
        "\"-a\" \"(b)\" \"/c\"; \"-a\" \"(b)\" \"/c\"",
        "\"say \\\"hi\\\"\"; \"say \\\"hi\\\"\"",
        "\"C:\\dir x\"; \"C:\\dir x\"",
        "\"a \\\\\"; \"a \\\\\"",
        "a\\b; a\\b",
        "\"status:404\"; \"status:404\"",
        "status\":\"404; \"status:404\"",
        "STATUS:404 Is:Failed METHOD:Get; status:404 is:failed method:Get",
        "status:4XX status=404; status:4xx status:404",
        "status<400 status<=400 status>400 status>=400; status<400 status<=400 status>400 status>=400",
        "status:404|500; status:404 | 500",
        "duration>500ms; duration>500ms",
        "duration>0.5s duration<120s duration:90s; duration>500ms duration<2m duration:90s",
        "duration>0s duration>0.001ms duration<1.5ms; duration>0 duration>0.001ms duration<1.500ms",
        "size>1024k size<64K size:100 size:0; size>1MiB size<64KiB size:100 size:0",
        "pid:42 run:2 run>1; pid:42 run:2 run>1",
        "proto:H2 proto:http/2 proto:http/1 proto:HTTP/1.1; proto:h2 proto:h2 proto:h1 proto:http/1.1",
        "host:*.stripe.com; host:*.stripe.com",
        "host:** host:a**b; host:* host:a*b",
        "host:\"*\" host:a\"*\"b; host:\"*\" host:\"a*b\"",
        "host:localhost:8080; host:localhost:8080",
        "path:/v1/* path:/v1 path:/; path:/v1/* path:/v1 path:/",
        "path:/v1/ path:\"/v1/\" path:/*/; path:/v1/ path:/v1/ path:/*/",
        "path:/v\\d/ path:/a.*/; path:/v\\d/ path:/a.*/",
        "path:\"/v[1]/\" path:\"/a.\"*/; path:\"/v[1]/\" path:\"/a.\"*/",
        "(path:/a|type:image/); path:/a | type:image/",
        "path:/a|path:/; path:/a | path:/",
        "path:/a?b=c; path:/a?b=c",
        "header:accept header:accept=json; header:accept header:accept=json",
        "header:accept=a=b header:x==b; header:accept=a=b header:x=\"=b\"",
        "header:accept=*/* header:x-*; header:accept=\"*/*\" header:x-*",
        "header:/^x-/ header:/a=b/=/c d/; header:/^x-/ header:/a=b/=/c d/",
        "header:\"a b\"=\"c d\"; header:\"a b\"=\"c d\"",
        "body:\"a b\" body:/x y/ body:a*b; body:\"a b\" body:/x y/ body:\"a*b\"",
        "/a b/ /a\\/b/ /\\d+\\\\/; /a b/ /a\\/b/ /\\d+\\\\/",
        "-/a|(b)/; -/a|(b)/",
        "https://x/y?q=1; \"https://x/y?q=1\"",
        "localhost:8080; \"localhost:8080\"",
        "localhost:8080/a?b api:443?x db-1:5432; \"localhost:8080/a?b\" \"api:443?x\" \"db-1:5432\"",
        "example.com:http; \"example.com:http\"",
        "proxy:8080 node1:80; \"proxy:8080\" \"node1:80\"",
        "[::1]:80 ::1; \"[::1]:80\" \"::1\"",
        "page=2 a!=b x.y:z://q; \"page=2\" \"a!=b\" \"x.y:z://q\"",
        ":80 =x; \":80\" \"=x\"",
        "process:\"my app\" type:json; process:\"my app\" type:json",
        "a\u00a0b\u3000c; a b c",
      })
  void understands(String text, String normal) {
    Filter filter = FilterParsers.parsed(text);
    assertThat(filter).hasToString(normal);
    assertThat(FilterParsers.parsed(normal)).isEqualTo(filter);
  }

  /** What is wrong, where, and what was meant; {@code -} where there is no guess. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '^',
      value = {
        "stauts:404; 1; unknown field 'stauts'; status",
        "a -(stauts:404); 5; unknown field 'stauts'; status",
        "stat:404; 1; unknown field 'stat'; status",
        "code:404; 1; unknown field 'code'; status",
        "pod:80; 1; unknown field 'pod'; pid",
        "hots:x; 1; unknown field 'hots'; host",
        "content-type:json; 1; unknown field 'content-type'; type",
        "x-trace:abc; 1; unknown field 'x-trace'; header:x-trace=abc",
        "foo:bar; 1; put it in quotes; -",
        "foo>5; 1; unknown field 'foo'; -",
        "statsu>=400; 1; unknown field 'statsu'; status",
        "is:faild; 4; unknown word 'faild' after is: it is one of failed, pending; failed",
        "is:xyzzy; 4; unknown word 'xyzzy'; -",
        "is:; 4; a value is missing; -",
        "is:/xyzzyx/; 4; unknown word; -",
        "proto:h3; 7; unknown protocol 'h3' after proto: it is one of h1, http; h1",
        "status:abc; 8; 'abc' is not a status; -",
        "status:; 8; a value is missing right after it, write status:404; -",
        "status: 404; 8; a value is missing; -",
        "status:42; 8; '42' is not a status; -",
        "status:1000; 8; '1000' is not; -",
        "status:40x; 8; '40x' is not; -",
        "status:400..499; 8; '400..499' is not; -",
        "status:+404; 8; '+404' is not; -",
        "status:\u0664\u0660\u0664; 8; is not a status; -",
        "status>=4xx; 9; a class of them is written status:4xx; status>=400",
        "status==404; 8; '=404' is not; -",
        "status!=404; 7; there is no '!='; -status:404",
        "status:>=400; 8; a comparison stands without a colon; status>=400",
        "status>=; 9; a value is missing; -",
        "status >= 400; 8; a comparison has its field right before it; -",
        "status:(404|500); 8; a value has no parentheses; -",
        "duration>500; 10; '500' is not a duration with its unit; duration>500ms",
        "duration>5x; 10; '5x' is not a duration; -",
        "duration>1d; 10; '1d' is not a duration; -",
        "size>1MX; 6; '1MX' is not a size; -",
        "size>big; 6; 'big' is not a size; -",
        "pid:node; 5; 'node' is not a process id; -",
        "run:1.5; 5; '1.5' is not the number of a run; -",
        "method>get; 7; method cannot be compared, write method:post; -",
        "host>=a; 5; host cannot be compared; -",
        "body=x; 5; body cannot be compared; -",
        "is=failed; 3; is cannot be compared; -",
        "method:; 8; a value is missing; -",
        "host:\"\"; 6; an empty value; -",
        "\"\"; 1; nothing between the quotes; -",
        "a \"b; 3; the quote is not closed; -",
        "a body:\"b c; 8; the quote is not closed; -",
        "\"a\\\"; 1; the quote is not closed; -",
        "/v1/customers; 5; text after the regular expression; \"/v1/customers\"",
        "/v1; 1; the regular expression is not closed; \"/v1\"",
        "/a\\/; 1; the regular expression is not closed; \"/a\\/\"",
        "//; 2; it is empty; -",
        "body:/x; 6; the regular expression is not closed; \"/x\"",
        "header:a=/x; 10; the regular expression is not closed; \"/x\"",
        "header:=x; 8; an empty value, write header:accept; -",
        "header:a=; 10; a value is missing; -",
        "header:\"a=b\"; 8; a header's name has no '='; -",
        "(a; 1; '(' is not closed; -",
        "a (b (c); 3; '(' is not closed; -",
        "(; 1; '(' is not closed; -",
        "a); 2; ')' closes nothing; -",
        "); 1; ')' closes nothing; -",
        "(a)); 4; ')' closes nothing; -",
        "a | ); 3; nothing after '|'; -",
        "(); 1; nothing between the parentheses; -",
        "a (  ); 3; nothing between the parentheses; -",
        "|; 1; nothing before '|'; -",
        "| a; 1; nothing before '|'; -",
        "a |; 3; nothing after '|'; -",
        "a || b; 4; nothing before '|'; -",
        "(a|) b; 3; nothing after '|'; -",
        "-; 1; nothing after '-'; -",
        "a - b; 3; nothing after '-'; -",
        "a --; 4; nothing after '-'; -",
        "(-); 2; nothing after '-'; -",
        "-|a; 1; nothing after '-'; -",
        "foo(bar); 4; a space is missing; -",
        "(a)b; 4; a space is missing; -",
        "(a)(b); 4; a space is missing; -",
        "/a/=b; 4; a space is missing; -",
        "/a(/; 4; bad regular expression: Unclosed group; -",
        "/*/; 2; bad regular expression: Dangling meta character '*'; -",
        "/a\\/b**+*/; 7; bad regular expression: Dangling meta character; -",
        "/[z-a]/; 5; bad regular expression: Illegal character range; -",
        "/(?x)a/; 2; the flag x; -",
        "/(|)(|)(|)(|)(|)(|)(|)(|)(|)x/; 2; too many ways; -",
        "\ud83d\ude00 \ud83d\ude00 is:x; 8; unknown word; -",
      })
  void tellsWhatIsWrong(String text, int column, String message, String tail) {
    FilterParser.Wrong wrong = wrong(text);
    assertThat(wrong.column()).as(wrong.text()).isEqualTo(column);
    assertThat(wrong.text()).contains(message).doesNotContain("\n");
    assertThat(wrong.suggestion().orElse("-")).isEqualTo(tail);
  }

  @Test
  void itsErrorIsOneLine() {
    assertThat(wrong("stauts:404").text())
        .isEqualTo(
            "column 1: unknown field 'stauts'; to search for it as text, put it in quotes;"
                + " did you mean 'status'?");
    assertThat(wrong("is:a\"\n\u001b[31m" + "x".repeat(100) + "\"").text())
        .startsWith("column 4: unknown word 'a??[31mxxxxxx")
        .contains("xxx...' after is:")
        .hasSizeLessThan(250);
  }

  @Test
  void lengthAndDepthHaveBounds() {
    String longest = "a ".repeat(FilterParser.LONGEST / 2);
    assertThat(FilterParsers.parsed(longest)).isInstanceOf(Filter.All.class);
    FilterParser.Wrong tooLong = wrong(longest + "a");
    assertThat(tooLong.column()).isEqualTo(FilterParser.LONGEST + 1);
    assertThat(tooLong.message()).isEqualTo("longer than 4096 characters");
    String deepest = "(".repeat(100) + "a" + ")".repeat(100);
    assertThat(FilterParsers.parsed(deepest)).hasToString("a");
    assertThat(wrong("(" + deepest + ")").text())
        .isEqualTo("column 101: more than 100 parentheses within each other");
    assertThat(FilterParsers.parsed("-".repeat(4_095) + "a")).hasToString("-a");
    assertThat(wrong("/" + "(".repeat(2_000) + ")".repeat(2_000) + "/").message())
        .contains("regular expression");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(){9999999}",
        "((){9999}){9999}x",
        "(|){300}x",
        "(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)x",
        "(a*)?(a*)?(a*)?(a*)?(a*)?(a*)?(a*)?(a*)?(a*)?(a*)?x",
        "(?:)??(?:)??(?:)??(?:)??(?:)??(?:)??(?:)??(?:)??(?:)??(?:)??x",
        "(?=a|b)?(?=a|b)?(?=a|b)?(?=a|b)?(?=a|b)?(?=a|b)?(?=a|b)?(?=a|b)?(?=a|b)?x",
        "^{2000000000}x",
        "[\\Q]\\E](|){300}",
        "[]](|){300}",
        "[^]](|){300}",
        "[a[b]](|){300}",
        "\\c((|){300}",
        "\\Q(\\E(|){300}",
      })
  void refusesExpressionsWhoseStepsHaveNoBound(String regex) {
    assertThat(wrong("/" + regex + "/").message()).contains("too many ways to match nothing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:?\\d{2})",
        "^(?i)(get|post|put|patch|delete|head|options|connect|trace|link|unlink|purge)$",
        "(?<year>\\d{4})-\\k<year>(?!x)(?<=\\d)(?<!a)(?>b+)(?i:c)",
        "(a|b|c)?(d|e|f)*(g|h|i)+(\\w+\\s*)*x{2,5}",
        "\\p{Lu}\\x41\\u0041\\x{1F600}\\N{WHITE SMILING FACE}\\t\\R\\b{g}\\cA",
        "\"(id|name)\"\\s*:\\s*\"[^\"]*\"",
        "a\\Q(|)*\\Eb[\\Q]\\E]",
      })
  void takesHonestExpressions(String regex) {
    assertThat(FilterParsers.parsed("/" + regex + "/"))
        .isEqualTo(new Filter.Word(new TextPattern.Regex(regex)));
  }

  @Test
  void neverThrows() {
    Random random = new Random(20_261_125);
    for (int i = 0; i < TEXTS; i++) {
      String text = text(random);
      FilterParser.Result result = FilterParser.parse(text);
      switch (result) {
        case FilterParser.Parsed(var filter) ->
            assertThat(FilterParser.parse(filter.toString()))
                .as(text)
                .isEqualTo(new FilterParser.Parsed(filter));
        case FilterParser.Wrong wrong -> {
          assertThat(wrong.column())
              .as(text)
              .isBetween(1, text.codePointCount(0, text.length()) + 1);
          assertThat(wrong.text()).doesNotContain("\n").hasSizeLessThan(400);
        }
      }
    }
  }

  private static final String[] PIECES = {
    " ",
    " ",
    " ",
    "\t",
    "(",
    ")",
    "|",
    "-",
    "\"",
    "\\",
    "/",
    "*",
    ":",
    "=",
    "<",
    ">",
    ">=",
    "!=",
    "a",
    "b1",
    "status",
    "404",
    "5xx",
    "host",
    "path",
    "/v1/",
    "body",
    "header",
    "x-y",
    "is",
    "failed",
    "duration",
    "500ms",
    "size",
    "64k",
    "proto",
    "h2",
    "type",
    "json",
    "process",
    "run",
    "\\d+",
    "[a-z]",
    "(?i)",
    "{3}",
    "+",
    "?",
    "^",
    "$",
    ".",
    "://",
    "8080",
    "\n",
    "\u0000",
    "\u00e9",
    "\ud83d\ude00",
    "\ud83d",
    "method",
    "\\Q",
    "\\E",
    "[",
    "]"
  };

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(12);
    for (int i = 0; i < pieces; i++) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
      if (random.nextInt(4) == 0) {
        text.append(' ');
      }
    }
    return text.toString();
  }

  @Test
  void hostileTextsTakeLittleTime() {
    String[] texts = {
      "(".repeat(4_096),
      "-(".repeat(2_048),
      "/".repeat(4_096),
      "path:/".repeat(682),
      "a|".repeat(2_048),
      "\"".repeat(4_095),
      "\\".repeat(4_096),
      "/" + "(a?)".repeat(1_000) + "/",
      "/" + "[".repeat(4_000) + "/",
      "host:" + "*a".repeat(2_000)
    };
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (String text : texts) {
            FilterParser.parse(text);
          }
        });
  }

  private static FilterParser.Wrong wrong(String text) {
    return switch (FilterParser.parse(text)) {
      case FilterParser.Parsed parsed -> throw new AssertionError(text + " is " + parsed);
      case FilterParser.Wrong wrong -> wrong;
    };
  }
}
