package dev.earshot.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The text of {@code JAVA_TOOL_OPTIONS}, {@code JDK_JAVA_OPTIONS} and {@code _JAVA_OPTIONS}: words
 * separated by white space, within which single or double quotes keep what is between them; there
 * is no escape character (JVM TI specification, "JAVA_TOOL_OPTIONS").
 */
final class JvmOptions {
  private static final String SPACE = " \t\n\u000b\f\r";

  private JvmOptions() {}

  /** The words without their quotes; empty if a quote is not closed, at which a JVM gives up. */
  static Optional<List<String>> words(String text) {
    List<String> words = new ArrayList<>();
    var word = new StringBuilder();
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\'') {
        int close = text.indexOf(c, i + 1);
        if (close < 0) {
          return Optional.empty();
        }
        word.append(text, i + 1, close);
        inWord = true;
        i = close;
      } else if (SPACE.indexOf(c) < 0) {
        word.append(c);
        inWord = true;
      } else if (inWord) {
        words.add(word.toString());
        word.setLength(0);
        inWord = false;
      }
    }
    if (inWord) {
      words.add(word.toString());
    }
    return Optional.of(List.copyOf(words));
  }

  /** The value of the last {@code -Dname=value}: it wins over the ones before it. */
  static Optional<String> property(List<String> words, String name) {
    String start = "-D" + name + "=";
    return words.stream()
        .filter(word -> word.startsWith(start))
        .map(word -> word.substring(start.length()))
        .reduce((_, last) -> last);
  }

  /** The option that sets a property, quoted so that it is one word whatever the value. */
  static String set(String name, String value) {
    return "-D" + name + "=" + quoted(value);
  }

  /** Double quotes around everything, but single quotes around double quotes. */
  private static String quoted(String value) {
    boolean plain = value.chars().noneMatch(c -> SPACE.indexOf(c) >= 0 || c == '"' || c == '\'');
    return plain ? value : '"' + value.replace("\"", "\"'\"'\"") + '"';
  }
}
