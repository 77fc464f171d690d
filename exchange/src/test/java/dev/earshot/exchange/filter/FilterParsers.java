package dev.earshot.exchange.filter;

/** Parses what must be a filter. */
final class FilterParsers {
  private FilterParsers() {}

  static Filter parsed(String text) {
    return switch (FilterParser.parse(text)) {
      case FilterParser.Parsed(var filter) -> filter;
      case FilterParser.Wrong wrong -> throw new AssertionError(text + ": " + wrong.text());
    };
  }
}
