package dev.earshot.store;

import dev.earshot.exchange.filter.Filter;
import dev.earshot.exchange.filter.NumberField;
import dev.earshot.exchange.filter.TextField;
import dev.earshot.exchange.filter.TextPattern;
import dev.earshot.exchange.filter.Trait;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A filter as a condition on the rows of a capture, with what only the exchanges themselves can
 * tell. An exchange matches the filter if its row meets the condition and it matches the rest.
 *
 * <p>Negations are pushed down to the terms. As a comparison with NULL is NULL under any operator,
 * what is not there is then false in either form, as the language has it.
 *
 * @param condition in SQL, over the tables {@code exchange e}, {@code head h} and {@code process p}
 * @param parameters of the condition, in its order
 * @param rest the conjuncts that the condition does not decide
 */
record FilterSql(String condition, List<String> parameters, Filter rest) {
  /** What a condition can have at most; SQLite refuses a tree deeper than 1,000. */
  private static final int MOST_TERMS = 250;

  /** Beyond, a list of hosts or names is not worth its length. */
  private static final int MOST_LISTED = 500;

  private static final String ANY = "1";

  FilterSql {
    parameters = List.copyOf(parameters);
  }

  /** Of this filter, over a capture with these words. */
  static FilterSql of(Filter filter, FilterWords words) {
    List<Filter> parts = filter instanceof Filter.All(var all) ? all : List.of(filter);
    var writer = new Writer(words);
    List<Part> conditions = new ArrayList<>();
    List<Filter> rest = new ArrayList<>();
    for (Filter part : parts) {
      Part condition = writer.part(part, true);
      conditions.add(condition);
      if (!condition.exact()) {
        rest.add(part);
      }
    }
    Part all = Writer.both(conditions);
    return new FilterSql(all.sql(), all.parameters(), Filter.all(rest));
  }

  /**
   * A condition that holds wherever a filter does.
   *
   * @param exact whether it holds only there
   */
  private record Part(String sql, List<String> parameters, boolean exact) {
    static final Part UNDECIDED = new Part(ANY, List.of(), false);

    Part(String sql, String... parameters) {
      this(sql, List.of(parameters), true);
    }

    Part inexact() {
      return new Part(sql, parameters, false);
    }
  }

  private static final class Writer {
    private final FilterWords words;
    private int terms;

    Writer(FilterWords words) {
      this.words = words;
    }

    /** What holds where the filter is certainly as wanted. */
    Part part(Filter filter, boolean wanted) {
      return switch (filter) {
        case Filter.All(var parts) ->
            wanted ? both(parts(parts, true)) : either(parts(parts, false));
        case Filter.Any(var parts) ->
            wanted ? either(parts(parts, true)) : both(parts(parts, false));
        case Filter.Not(var part) -> part(part, !wanted);
        case Filter.Term term -> ++terms > MOST_TERMS ? Part.UNDECIDED : term(term, wanted);
      };
    }

    private List<Part> parts(List<Filter> filters, boolean wanted) {
      return filters.stream().map(filter -> part(filter, wanted)).toList();
    }

    static Part both(List<Part> parts) {
      boolean exact = parts.stream().allMatch(Part::exact);
      List<Part> narrowing = parts.stream().filter(part -> !part.sql().equals(ANY)).toList();
      return narrowing.isEmpty()
          ? new Part(ANY, List.of(), exact)
          : joined(narrowing, " AND ", exact);
    }

    private static Part either(List<Part> parts) {
      boolean exact = parts.stream().allMatch(Part::exact);
      return parts.stream().anyMatch(part -> part.sql().equals(ANY))
          ? new Part(ANY, List.of(), exact)
          : joined(parts, " OR ", exact);
    }

    private static Part joined(List<Part> parts, String operator, boolean exact) {
      return new Part(
          parts.stream().map(Part::sql).collect(Collectors.joining(operator, "(", ")")),
          parts.stream().flatMap(part -> part.parameters().stream()).toList(),
          exact);
    }

    private Part term(Filter.Term term, boolean wanted) {
      return switch (term) {
        case Filter.Word(var text) -> word(text, wanted);
        case Filter.Text(var field, var value) -> text(field, value, wanted);
        case Filter.HasHeader _ -> Part.UNDECIDED;
        case Filter.Measure(var field, var comparison, var value) ->
            plain(column(field) + " " + comparison.sign() + " " + value, wanted);
        case Filter.StatusClass(var hundreds) ->
            plain(
                "e.status BETWEEN %d AND %d".formatted(hundreds * 100, hundreds * 100 + 99),
                wanted);
        case Filter.Proto(var protocol) ->
            plain(
                protocol.versions().stream()
                    .map(HeadText::number)
                    .sorted()
                    .map(String::valueOf)
                    .collect(Collectors.joining(", ", "e.http IN (", ")")),
                wanted);
        case Filter.Is(var trait) -> plain(trait(trait), wanted);
      };
    }

    private static Part plain(String condition, boolean wanted) {
      return new Part(wanted ? condition : "NOT (" + condition + ")");
    }

    /** A size is there once the exchange has ended, if anything came. */
    private static String column(NumberField field) {
      return switch (field) {
        case STATUS -> "e.status";
        case DURATION -> "e.duration";
        case SIZE ->
            "iif(e.duration IS NULL OR (e.status IS NULL AND e.flags & "
                + Flag.TUNNEL.bit()
                + " = 0), NULL, e.response_bytes)";
        case PID -> "p.pid";
        case RUN -> "e.run";
      };
    }

    private static String trait(Trait trait) {
      return switch (trait) {
        case FAILED -> "(e.error IS NOT NULL AND e.duration IS NOT NULL)";
        case PENDING -> "e.duration IS NULL";
        case WEBSOCKET -> flag(Flag.WEBSOCKET);
        case SSE -> flag(Flag.SSE);
        case GRPC -> flag(Flag.GRPC);
        case TUNNEL -> flag(Flag.TUNNEL);
        case REPLAYED -> flag(Flag.REPLAYED);
        case MARKED -> flag(Flag.MARKED);
        case UNOWNED -> flag(Flag.UNOWNED);
        case TRUNCATED ->
            "(e.flags & "
                + Flag.TUNNEL.bit()
                + " = 0 AND (h.request_gap IS NOT NULL OR h.response_gap IS NOT NULL))";
      };
    }

    /** Most rows have no flag, and an index has the others. */
    private static String flag(Flag flag) {
      return "(e.flags <> 0 AND e.flags & " + flag.bit() + " <> 0)";
    }

    private Part text(TextField field, TextPattern pattern, boolean wanted) {
      return switch (field) {
        case METHOD -> method(pattern, wanted);
        case HOST -> ids("e.host", words.hosts(pattern), wanted);
        case PROCESS -> process(words.processes(pattern), wanted);
        case TYPE -> type(words.types(pattern), wanted);
        case PATH -> path(pattern, wanted);
        case BODY -> Part.UNDECIDED;
      };
    }

    /** A response without a type is like no pattern; without a response there is nothing to say. */
    private static Part type(FilterWords.Found<Long> types, boolean wanted) {
      Part among = ids("e.type", types, wanted);
      return wanted || among.sql().equals(ANY)
          ? among
          : new Part(
              "(e.status IS NOT NULL AND (e.type IS NULL OR " + among.sql() + "))",
              among.parameters(),
              among.exact());
    }

    /** The path has its query with it here, so only its beginning tells something. */
    private static Part path(TextPattern pattern, boolean wanted) {
      String beginning =
          switch (pattern) {
            case TextPattern.Literal(var text) -> text;
            case TextPattern.Glob(var parts) -> parts.getFirst();
            case TextPattern.Regex _ -> "";
          };
      return wanted && !beginning.isEmpty() && Like.isExact(beginning)
          ? new Part(Like.of("e.path"), Like.beginning(beginning)).inexact()
          : Part.UNDECIDED;
    }

    /** What is in the URL is in its origin, in its path, or across the two. */
    private Part word(TextPattern pattern, boolean wanted) {
      if (!(pattern instanceof TextPattern.Literal literal) || !Like.isExact(literal.text())) {
        return Part.UNDECIDED;
      }
      String text = literal.text();
      List<Part> places = new ArrayList<>();
      places.add(ids("e.host", words.hostsWith(literal), true));
      places.add(new Part(Like.of("e.path"), Like.within(text)));
      for (int split = 1; split < text.length(); split++) {
        if ("/?#".indexOf(text.charAt(split)) >= 0) {
          var ending = words.originsEnding(text.substring(0, split));
          if (!ending.matching().isEmpty()) {
            terms++;
            Part origin = ids("e.host", ending, true);
            Part rest = new Part(Like.of("e.path"), Like.beginning(text.substring(split)));
            places.add(both(List.of(origin, rest)));
          }
        }
      }
      Part found = either(places);
      if (terms > MOST_TERMS || !found.exact()) {
        return Part.UNDECIDED;
      }
      return wanted ? found : new Part("NOT " + found.sql(), found.parameters(), true);
    }

    private static Part ids(String column, FilterWords.Found<Long> found, boolean wanted) {
      List<Long> listed = wanted ? found.matching() : found.notDiffering();
      return listed.size() > MOST_LISTED
          ? Part.UNDECIDED
          : new Part(
              listed.stream()
                  .map(String::valueOf)
                  .collect(Collectors.joining(", ", column + in(wanted) + "(", ")")));
    }

    /** A process without a name is like no pattern, and unlike none. */
    private static Part process(FilterWords.Found<String> names, boolean wanted) {
      List<String> listed = wanted ? names.matching() : names.notDiffering();
      return listed.size() > MOST_LISTED || !listed.stream().allMatch(Like::isExact)
          ? Part.UNDECIDED
          : new Part(
              listed.stream()
                  .map(_ -> "?")
                  .collect(
                      Collectors.joining(
                          ", ", "(p.name IS NOT NULL AND p.name" + in(wanted) + "(", "))")),
              listed,
              true);
    }

    private static Part method(TextPattern pattern, boolean wanted) {
      List<String> parts =
          switch (pattern) {
            case TextPattern.Literal(var text) -> List.of(text);
            case TextPattern.Glob(var texts) -> texts;
            case TextPattern.Regex _ -> List.of();
          };
      return parts.isEmpty() || !parts.stream().allMatch(Like::isExact)
          ? Part.UNDECIDED
          : new Part((wanted ? "" : "NOT ") + Like.of("e.method"), Like.whole(parts));
    }

    private static String in(boolean wanted) {
      return wanted ? " IN " : " NOT IN ";
    }
  }
}
