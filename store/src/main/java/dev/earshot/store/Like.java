package dev.earshot.store;

import java.util.List;
import java.util.stream.Collectors;

/** Patterns of SQL's LIKE, which takes the letters A to Z without case, as filters do. */
final class Like {
  private static final char ESCAPE = '\\';

  private Like() {}

  /** The condition on a column, with the pattern as its parameter. */
  static String of(String column) {
    return column + " LIKE ? ESCAPE '" + ESCAPE + "'";
  }

  /** Whether SQLite sees the same text: none with an end within it, or with half a character. */
  static boolean isExact(String text) {
    return text.codePoints()
        .noneMatch(c -> c < ' ' || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
  }

  /** Of what begins so. */
  static String beginning(String text) {
    return escaped(text) + "%";
  }

  /** Of what has this somewhere. */
  static String within(String text) {
    return "%" + escaped(text) + "%";
  }

  /** Of what is these texts with anything between them. */
  static String whole(List<String> parts) {
    return parts.stream().map(Like::escaped).collect(Collectors.joining("%"));
  }

  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%' || c == '_' || c == ESCAPE) {
        escaped.append(ESCAPE);
      }
      escaped.append(c);
    }
    return escaped.toString();
  }
}
