package dev.earshot.exchange.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the filter language. Never throws on any text. How it is written:
 *
 * <pre>
 * filter = [ any ]
 * any    = all { "|" all }
 * all    = { "-" } term { space { "-" } term }
 * term   = "(" any ")" | regex | field ":" value | field comparison value | word
 * regex  = "/" text "/", where a slash in the text is written \/
 * </pre>
 *
 * <p>A value or word ends at a space, a bar or a parenthesis; what is within double quotes is taken
 * as it is, but for {@code \"} and {@code \\}.
 */
public final class FilterParser {
  /** The longest text that is read, in UTF-16 units. */
  public static final int LONGEST = 4_096;

  /** The most parentheses that can be open. */
  public static final int DEEPEST = 100;

  /** A filter, or why a text is none. */
  public sealed interface Result {}

  /** The text is this filter. */
  public record Parsed(Filter filter) implements Result {}

  /**
   * The text is no filter.
   *
   * @param column of the first character at fault, from 1, in characters (code points); one more
   *     than there are if something is missing at the end
   * @param message why, in one line
   * @param suggestion what was probably meant, if there is a guess
   */
  public record Wrong(int column, String message, Optional<String> suggestion) implements Result {
    /** All of it in one line. */
    public String text() {
      return "column "
          + column
          + ": "
          + message
          + suggestion.map(meant -> "; did you mean '" + meant + "'?").orElse("");
    }
  }

  private final Scanner in;

  private FilterParser(String text) {
    this.in = new Scanner(text);
  }

  /** What the text is. */
  public static Result parse(String text) {
    try {
      if (text.length() > LONGEST) {
        throw new WrongFilter(LONGEST, "longer than " + LONGEST + " characters");
      }
      return new Parsed(new FilterParser(text).whole());
    } catch (WrongFilter wrong) {
      int column = text.codePointCount(0, wrong.at()) + 1;
      return new Wrong(column, wrong.reason(), wrong.suggestion());
    }
  }

  private Filter whole() throws WrongFilter {
    in.skipSpace();
    if (in.atEnd()) {
      return Filter.everything();
    }
    Filter filter = any(0, in.at());
    if (!in.atEnd()) {
      throw closesNothing();
    }
    return filter;
  }

  /**
   * Up to the end or a closing parenthesis.
   *
   * @param before where what stands before it is
   */
  private Filter any(int depth, int before) throws WrongFilter {
    List<Filter> parts = new ArrayList<>();
    parts.add(all(depth, before));
    while (in.peek() == '|') {
      int bar = in.at();
      in.skip();
      parts.add(all(depth, bar));
    }
    return Filter.any(parts);
  }

  /** Up to the end, a bar or a closing parenthesis. */
  private Filter all(int depth, int before) throws WrongFilter {
    List<Filter> parts = new ArrayList<>();
    in.skipSpace();
    while (!in.atEnd() && in.peek() != '|' && in.peek() != ')') {
      parts.add(negatable(depth));
      in.skipSpace();
    }
    if (parts.isEmpty()) {
      throw nothing(depth, before);
    }
    return Filter.all(parts);
  }

  private WrongFilter nothing(int depth, int before) {
    if (in.peek() == '|') {
      return new WrongFilter(in.at(), "nothing before '|'; it stands between alternatives");
    }
    if (in.charAt(before) == '|') {
      return new WrongFilter(before, "nothing after '|'; it stands between alternatives");
    }
    if (in.atEnd()) {
      return notClosed(before);
    }
    return depth == 0
        ? closesNothing()
        : new WrongFilter(before, "nothing between the parentheses");
  }

  private static WrongFilter notClosed(int parenthesis) {
    return new WrongFilter(parenthesis, "'(' is not closed");
  }

  private WrongFilter closesNothing() {
    return new WrongFilter(in.at(), "')' closes nothing; to search for it, put it in quotes");
  }

  private Filter negatable(int depth) throws WrongFilter {
    boolean negated = false;
    while (in.peek() == '-') {
      int dash = in.at();
      in.skip();
      negated = !negated;
      if (in.atBoundary() && in.peek() != '(') {
        throw new WrongFilter(
            dash, "nothing after '-'; it negates what follows it without a space");
      }
    }
    Filter term = in.peek() == '(' ? group(depth) : new TermParser(in).term();
    return negated ? Filter.not(term) : term;
  }

  private Filter group(int depth) throws WrongFilter {
    int start = in.at();
    if (depth == DEEPEST) {
      throw new WrongFilter(start, "more than " + DEEPEST + " parentheses within each other");
    }
    in.skip();
    Filter filter = any(depth + 1, start);
    if (in.peek() != ')') {
      throw notClosed(start);
    }
    in.skip();
    in.endOfTerm();
    return filter;
  }
}
