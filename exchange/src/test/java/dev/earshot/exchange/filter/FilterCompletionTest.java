package dev.earshot.exchange.filter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.filter.FilterCompletion.Completion;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilterCompletionTest {
  private static final FilterCompletion.Known KNOWN =
      new FilterCompletion.Known(
          List.of("api.example.com", "localhost:8080"),
          List.of("node", "my app"),
          List.of("application/problem+json"),
          List.of("X-Trace"));

  /** The bar is the cursor; what comes out is the text with the first replacement in place. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "~; method:",
        "st~; status:",
        "ST~; status:",
        "tus~; status:",
        "fail~; is:failed",
        "is:~; is:failed",
        "is:we~; is:websocket",
        "is:SS~; is:sse",
        "is:fa~iled; is:failed",
        "method:p~; method:POST",
        "method:~ a; method:GET a",
        "status:4~; status:4xx",
        "status:40~; status:400",
        "host:a~; host:api.example.com",
        "host:exam~; host:api.example.com",
        "host:l~; host:localhost:8080",
        "process:m~; process:\"my app\"",
        "process:\"m~; process:\"my app\"",
        "type:js~; type:json",
        "type:prob~; type:application/problem+json",
        "header:x~; header:X-Trace",
        "header:au~; header:authorization",
        "proto:h~; proto:h1",
        "a -ru~; a -run:",
        "a|ru~; a|run:",
        "(ru~) b; (run:) b",
        "-(is:pend~|b); -(is:pending|b)",
        "\"a b\" ru~; \"a b\" run:",
        "\"say \\\"x\" ru~; \"say \\\"x\" run:",
        "/a b/ ru~; /a b/ run:",
        "-/a b/ -ru~; -/a b/ -run:",
        "sta~tus:404; status:404",
        "ho~st:x y; host:x y",
      })
  void completes(String marked, String completed) {
    int cursor = marked.indexOf('~');
    String text = marked.replace("~", "");
    Completion completion = FilterCompletion.at(text, cursor, KNOWN);
    assertThat(completion.replacements()).isNotEmpty();
    assertThat(completion.apply(text, completion.replacements().getFirst())).isEqualTo(completed);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "xyzzy~",
        "host:xyzzy~",
        "path:~",
        "duration:~",
        "foo:~",
        "/st~",
        "/a st~",
        "\"a st~",
        "\"st~",
        "status>~",
        "is:failedx~",
        "body:is~",
        "header:a=b~",
        "https://st~"
      })
  void offersNothingWhereItKnowsNothing(String marked) {
    String text = marked.replace("~", "");
    assertThat(FilterCompletion.at(text, marked.indexOf('~'), KNOWN).replacements()).isEmpty();
  }

  @Test
  void offersABoundedNumberOfTheBest() {
    List<String> hosts =
        new Random(1).ints(500, 0, 1_000_000).mapToObj(n -> "h" + n + ".test").toList();
    FilterCompletion.Known many =
        new FilterCompletion.Known(hosts, List.of(), List.of(), List.of());
    assertThat(FilterCompletion.at("host:h", 6, many).replacements())
        .isEqualTo(hosts.subList(0, FilterCompletion.MOST));
    assertThat(FilterCompletion.at("", 0, many).replacements())
        .containsExactly(
            "method:",
            "status:",
            "host:",
            "path:",
            "type:",
            "header:",
            "body:",
            "duration:",
            "size:",
            "process:",
            "pid:",
            "run:",
            "proto:",
            "is:");
  }

  @Test
  void isWithinTheTextWhateverItIs() {
    Random random = new Random(20_261_126);
    String alphabet = "a:\"\\/|()- \tis*=<~\ud83d\ude00";
    for (int i = 0; i < 50_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(12); length > 0; length--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      int cursor = random.nextInt(text.length() + 1);
      Completion completion = FilterCompletion.at(text.toString(), cursor, KNOWN);
      assertThat(completion.from()).as(text.toString()).isBetween(0, cursor);
      assertThat(completion.to()).as(text.toString()).isBetween(cursor, text.length());
    }
  }

  @Test
  void whatItOffersCanBeParsed() {
    for (String start :
        List.of("is:", "method:", "status:", "host:", "process:", "type:", "proto:", "header:")) {
      for (String value : FilterCompletion.at(start, start.length(), KNOWN).replacements()) {
        assertThat(FilterParsers.parsed(start + value)).isInstanceOf(Filter.Term.class);
      }
    }
  }
}
