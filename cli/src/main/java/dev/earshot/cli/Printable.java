package dev.earshot.cli;

import java.util.stream.Stream;

/** Text from outside, made safe for a terminal. */
final class Printable {
  private static final int LONGEST = 2_000;

  private Printable() {}

  /**
   * One line of at most 2,000 characters: control characters (C0, C1, line breaks) and those that
   * change the direction of text become a visible replacement.
   */
  static String line(String text) {
    var line = new StringBuilder();
    text.codePoints()
        .limit(LONGEST)
        .forEach(point -> line.appendCodePoint(isHarmless(point) ? point : 0xFFFD));
    return line.toString();
  }

  /**
   * Text of many lines, of any length: as {@link #line}, but that tabs stay and lines are kept.
   * Ends as a text file does, without an empty line more.
   */
  static Stream<String> lines(String text) {
    return text.lines()
        .map(line -> {
          var safe = new StringBuilder(line.length());
          line.codePoints()
              .forEach(point ->
                  safe.appendCodePoint(point == '\t' || isHarmless(point) ? point : 0xFFFD));
          return safe.toString();
        });
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      // FORMAT holds the bidirectional controls (U+202A to U+202E, U+2066 to U+2069, U+200E,
      // U+200F).
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
