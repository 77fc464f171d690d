package dev.earshot.exchange;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The value that is assigned to a name in a text: a quoted string, a value of JSON, or the rest of
 * a word or a line.
 *
 * @param start where it begins, without its quote
 * @param end where it ends, without its quote
 * @param mask what is to stand in its place, if it is masked as a whole; empty if its own look
 *     decides
 */
record AssignedValue(int start, int end, String mask) {
  private static final String QUOTES = "\"'`";

  /** RFC 8259: what needs no quotes, and so tells that this is JSON. */
  private static final Pattern LITERAL =
      Pattern.compile("(-?[0-9][0-9.eE+-]{0,40}+|true|false|null)(?=[,}\\]\\s]|$)");

  /**
   * Finds the value behind a sign.
   *
   * @param at behind the sign and white space
   * @param sign the sign: an equals sign or a colon
   * @param quotedName whether the name before the sign is in quotes, as JSON has it
   */
  static AssignedValue of(String text, int at, char sign, boolean quotedName) {
    if (at == text.length()) {
      return new AssignedValue(at, at, "");
    }
    char first = text.charAt(at);
    if (QUOTES.indexOf(first) >= 0) {
      return new AssignedValue(at + 1, stringEnd(text, at), "");
    }
    if (quotedName && sign == ':') {
      if (first == '[' || first == '{') {
        return new AssignedValue(at, bracketEnd(text, at), quoted(text, at));
      }
      Matcher literal = LITERAL.matcher(text).region(at, text.length());
      if (literal.lookingAt()) {
        // There is no secret in true, false and null.
        boolean word = Character.isLetter(first);
        return new AssignedValue(at, literal.end(), word ? literal.group() : quoted(text, at));
      }
    }
    return new AssignedValue(at, rest(text, at, sign == '=' ? " \t\r\n\"'<>&#" : "\r\n\"'`"), "");
  }

  /** The mask as a string of JSON, escaped as the names are. */
  private static String quoted(String text, int at) {
    int quote = text.lastIndexOf('"', at);
    String quoteMark = quote < 0 ? "\"" : "\\".repeat(backslashes(text, quote)) + "\"";
    return quoteMark + Redaction.MASK + quoteMark;
  }

  private static int backslashes(String text, int before) {
    int count = 0;
    while (count < before && text.charAt(before - 1 - count) == '\\') {
      count++;
    }
    return count;
  }

  /**
   * Where a quoted string ends, without the backslashes of its closing quote. Within a string of
   * another one, quotes have one backslash, and the quotes in there three.
   */
  private static int stringEnd(String text, int opening) {
    int depth = backslashes(text, opening);
    char quote = text.charAt(opening);
    int run = 0;
    for (int i = opening + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        run++;
        continue;
      }
      if (c == quote && (run < depth || (run - depth) % (2 * (depth + 1)) == 0)) {
        return i - Math.min(run, depth);
      }
      run = 0;
    }
    return text.length();
  }

  /** Behind the bracket that closes this one. */
  private static int bracketEnd(String text, int opening) {
    int depth = 0;
    int at = opening;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '"') {
        at = text.indexOf('"', stringEnd(text, at));
        if (at < 0) {
          return text.length();
        }
      } else if (c == '[' || c == '{') {
        depth++;
      } else if ((c == ']' || c == '}') && --depth == 0) {
        return at + 1;
      }
      at++;
    }
    return text.length();
  }

  private static int rest(String text, int from, String ends) {
    int at = from;
    while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return at;
  }
}
