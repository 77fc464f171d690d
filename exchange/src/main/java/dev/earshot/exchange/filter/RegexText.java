package dev.earshot.exchange.filter;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** How a regular expression is written between slashes, and made. */
final class RegexText {
  private RegexText() {}

  /** With each escaped slash as a plain one. */
  static String unescaped(String source) {
    if (!source.contains("\\/")) {
      return source;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '\\' && i + 1 < source.length()) {
        char next = source.charAt(++i);
        if (next != '/') {
          text.append(c);
        }
        text.append(next);
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  /** With each plain slash escaped, so that it does not end the expression. */
  static String escaped(String source) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '\\' && i + 1 < source.length()) {
        text.append(c).append(source.charAt(++i));
      } else if (c == '/') {
        text.append("\\/");
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  /** Where what is at {@code index} of the unescaped text is in the escaped one. */
  static int indexInEscaped(String escaped, int index) {
    int unescaped = 0;
    int i = 0;
    while (i < escaped.length() && unescaped < index) {
      if (escaped.startsWith("\\/", i)) {
        i += 2;
        unescaped++;
      } else if (escaped.charAt(i) == '\\' && i + 1 < escaped.length()) {
        i += Math.min(2, index - unescaped);
        unescaped += 2;
      } else {
        i++;
        unescaped++;
      }
    }
    return i;
  }

  /**
   * Whether what is between two slashes after {@code path:} is an expression. As a path begins with
   * a slash itself, and may end with one, it must have something that no path has, and it must not
   * look like several terms.
   */
  static boolean canFollowPath(String escaped) {
    boolean special = escaped.contains(".*") || escaped.contains(".+");
    boolean bar = false;
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      special |= "^$[]{}()\\".indexOf(c) >= 0;
      bar |= c == '|';
      if (c == '"' || Scanner.isSpace(c) || (bar && c == ':')) {
        return false;
      }
    }
    return special;
  }

  /**
   * The pattern of this source.
   *
   * @throws PatternSyntaxException also for one whose steps could not be bounded
   */
  static Pattern compile(String source) {
    if (source.isEmpty()) {
      throw new PatternSyntaxException("it is empty", source, -1);
    }
    Pattern pattern;
    try {
      pattern = Pattern.compile(source);
    } catch (StackOverflowError tooDeep) {
      throw new PatternSyntaxException("it is nested too deep", source, -1);
    }
    new RegexCost(source).check();
    return pattern;
  }
}
