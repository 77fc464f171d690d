package dev.earshot.exchange.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The normal form of a filter reads back as that filter. */
class FilterTextTest {
  private static final int FILTERS = Boolean.getBoolean("stress") ? 1_000_000 : 30_000;

  private static final String[] TEXTS = {
    "a",
    "B",
    "/",
    "//",
    "*",
    "\"",
    "\\",
    " ",
    "|",
    "(",
    ")",
    "-",
    ":",
    "=",
    "<",
    ">",
    "!",
    "status",
    "404",
    "host:",
    ".*",
    "\\d",
    "[",
    "]",
    "^",
    "?",
    "%",
    "\u00e9",
    "\ud83d\ude00",
    "\t",
    "\n",
    "\u00a0"
  };
  private static final String[] EXPRESSIONS = {
    "a", "\\d+", "a/b", "\\/", "[/]", " ", "a b", "(x|y)", "\\\\", "\"", "^a$", "a|b:c", ".*",
    "\\Q/\\E"
  };

  private final Random random = new Random(20_261_125);

  @Test
  void readsBack() {
    int read = 0;
    for (int i = 0; i < FILTERS; i++) {
      Optional<Filter> made = filter(3);
      if (made.isEmpty() || made.get().toString().length() > FilterParser.LONGEST) {
        continue;
      }
      Filter filter = made.get();
      assertThat(FilterParser.parse(filter.toString()))
          .as(filter.toString())
          .isEqualTo(new FilterParser.Parsed(filter));
      read++;
    }
    assertThat(read).isGreaterThan(FILTERS / 2);
  }

  @Test
  void whatCannotBeWrittenCannotBeMade() {
    var a = new Filter.Word(new TextPattern.Literal("a"));
    var glob = new TextPattern.Glob(List.of("a", ""));
    assertThatThrownBy(() -> new Filter.All(List.of(a))).hasMessageContaining("not flat");
    assertThatThrownBy(() -> new Filter.Any(List.of(a))).hasMessageContaining("not flat");
    assertThatThrownBy(() -> Filter.any(List.of())).hasMessageContaining("nothing");
    assertThatThrownBy(() -> Filter.not(Filter.everything())).hasMessageContaining("negation");
    assertThatThrownBy(() -> new Filter.Not(new Filter.Not(a))).hasMessageContaining("negation");
    assertThatThrownBy(() -> new Filter.Word(glob)).hasMessageContaining("wildcards");
    assertThatThrownBy(() -> new Filter.Text(TextField.BODY, glob))
        .hasMessageContaining("wildcards");
    assertThatThrownBy(() -> new Filter.HasHeader(glob, Optional.of(glob)))
        .hasMessageContaining("wildcards");
    assertThatThrownBy(() -> new Filter.Text(TextField.PATH, new TextPattern.Regex("v1")))
        .hasMessageContaining("reads as a path");
    assertThatThrownBy(() -> new Filter.Measure(NumberField.STATUS, Comparison.EQUAL, 42))
        .hasMessageContaining("no STATUS");
    assertThatThrownBy(() -> new TextPattern.Literal("")).hasMessageContaining("empty");
  }

  private Optional<Filter> filter(int depth) {
    try {
      return Optional.of(
          switch (random.nextInt(depth == 0 ? 6 : 10)) {
            case 6, 7 -> Filter.all(filters(depth - 1));
            case 8 -> Filter.any(filters(depth - 1));
            case 9 -> Filter.not(filter(depth - 1).orElseThrow(IllegalArgumentException::new));
            default -> term();
          });
    } catch (IllegalArgumentException notWritable) {
      return Optional.empty();
    }
  }

  private List<Filter> filters(int depth) {
    List<Filter> filters = new ArrayList<>();
    IntStream.rangeClosed(0, random.nextInt(3)).forEach(_ -> filter(depth).ifPresent(filters::add));
    return filters;
  }

  private Filter term() {
    return switch (random.nextInt(7)) {
      case 0 -> new Filter.Word(pattern());
      case 1 -> new Filter.Text(pick(TextField.values()), pattern());
      case 2 -> new Filter.HasHeader(pattern(), Optional.of(pattern()));
      case 3 -> new Filter.HasHeader(pattern(), Optional.empty());
      case 4 -> new Filter.StatusClass(1 + random.nextInt(9));
      case 5 -> new Filter.Measure(pick(NumberField.values()), pick(Comparison.values()), number());
      default ->
          random.nextBoolean()
              ? new Filter.Is(pick(Trait.values()))
              : new Filter.Proto(pick(Protocol.values()));
    };
  }

  private long number() {
    long unit = pick(new Long[] {1L, 1_000L, 1_024L, 1_000_000L, 60_000_000L, 1L << 20, 1L << 30});
    return unit * random.nextInt(1_500);
  }

  private TextPattern pattern() {
    return switch (random.nextInt(3)) {
      case 0 -> new TextPattern.Literal(text());
      case 1 -> {
        List<String> parts = new ArrayList<>(List.of(random.nextBoolean() ? "" : text()));
        IntStream.range(0, random.nextInt(3)).forEach(_ -> parts.add(text()));
        parts.add(random.nextBoolean() ? "" : text());
        yield new TextPattern.Glob(parts);
      }
      default -> new TextPattern.Regex(pick(EXPRESSIONS) + pick(EXPRESSIONS));
    };
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    IntStream.rangeClosed(0, random.nextInt(4)).forEach(_ -> text.append(pick(TEXTS)));
    return text.toString();
  }

  private <T> T pick(T[] from) {
    return from[random.nextInt(from.length)];
  }
}
