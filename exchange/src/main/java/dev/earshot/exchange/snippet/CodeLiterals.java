package dev.earshot.exchange.snippet;

import java.util.Locale;

/** String literals of programming languages, of ASCII alone and in one line. */
final class CodeLiterals {
  private CodeLiterals() {}

  /** A literal of JavaScript. */
  static String javaScript(String text) {
    var out = new StringBuilder("'");
    text.codePoints()
        .forEach(c -> {
          if (c == '<') {
            out.append("\\x3c"); // the text may come to stand in a page
          } else if (!common(c, '\'', out)) {
            out.append(c < 0x100 ? hex("\\x%02x", c) : hex("\\u{%x}", c));
          }
        });
    return out.append("'").toString();
  }

  /** A literal of Python 3. */
  static String python(String text) {
    var out = new StringBuilder("'");
    text.codePoints()
        .forEach(c -> {
          if (!common(c, '\'', out)) {
            out.append(
                c < 0x100
                    ? hex("\\x%02x", c)
                    : c < 0x10000 ? hex("\\u%04x", c) : hex("\\U%08x", c));
          }
        });
    return out.append("'").toString();
  }

  /**
   * A literal of Java. Escapes of Unicode are replaced before the program is read, and stand only
   * for what is not ASCII; other characters have octal ones.
   */
  static String java(String text) {
    var out = new StringBuilder("\"");
    text.chars()
        .forEach(c -> {
          if (!common(c, '"', out)) {
            out.append(c < 0x80 ? octal(c) : hex("\\u%04x", c));
          }
        });
    return out.append("\"").toString();
  }

  /** What all three write in the same way. */
  private static boolean common(int c, char quote, StringBuilder out) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case '\\' -> out.append("\\\\");
      default -> {
        if (c == quote) {
          out.append('\\').append(quote);
        } else if (c >= 0x20 && c < 0x7f) {
          out.append((char) c);
        } else {
          return false;
        }
      }
    }
    return true;
  }

  private static String hex(String format, int c) {
    return String.format(Locale.ROOT, format, c);
  }

  private static String octal(int c) {
    return String.format(Locale.ROOT, "\\%03o", c);
  }
}
