package dev.earshot.exchange.filter;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.PatternSyntaxException;

/**
 * Refuses regular expressions that can take forever without looking at the text, where {@link
 * CountedText} does not see their steps: {@code (|)(|)(|)...x} at the end of a text has two ways
 * through each group, and {@code ((){9999999}){9999999}} repeats nothing. It bounds the product of
 * the ways through all that can match nothing, with a margin that honest expressions keep by far.
 *
 * <p>It reads what {@link java.util.regex.Pattern} has accepted, so it need not look for mistakes.
 */
final class RegexCost {
  private static final long MOST_WAYS = 256;

  private final String source;
  private final Deque<Group> open = new ArrayDeque<>();
  private long ways = 1;
  private int at;

  /** A group that is being read; the outermost one is the whole expression. */
  private static final class Group {
    /** Whether it matches nothing whatever is in it: it looks around. */
    private final boolean looks;

    private int alternatives = 1;

    /** Whether all of the alternative so far can match nothing. */
    private boolean blank = true;

    private boolean anyBlank;

    Group(boolean looks) {
      this.looks = looks;
    }
  }

  RegexCost(String source) {
    this.source = source;
  }

  /**
   * Does nothing if it has a bound.
   *
   * @throws PatternSyntaxException if not
   */
  void check() {
    open.push(new Group(false));
    while (at < source.length()) {
      step();
    }
    if (open.size() == 1) {
      close(open.pop());
    }
    if (ways > MOST_WAYS || !open.isEmpty()) {
      throw refused("it has too many ways to match nothing");
    }
  }

  private PatternSyntaxException refused(String why) {
    return new PatternSyntaxException(why, source, -1);
  }

  private void step() {
    char c = source.charAt(at++);
    switch (c) {
      case '(' -> open();
      case ')' -> {
        if (open.size() == 1) {
          throw refused("it has a parenthesis in a comment");
        }
        Group group = open.pop();
        item(close(group));
      }
      case '|' -> {
        Group group = group();
        group.alternatives++;
        group.anyBlank |= group.blank;
        group.blank = true;
      }
      case '[' -> {
        characterClass();
        item(false);
      }
      case '\\' -> escape();
      case '^', '$' -> item(true);
      default -> item(false);
    }
  }

  private Group group() {
    return open.element();
  }

  private void open() {
    if (peek() != '?') {
      open.push(new Group(false));
      return;
    }
    at++;
    char kind = peek();
    boolean behind = source.startsWith("<=", at) || source.startsWith("<!", at);
    if (kind == '<' && !behind) {
      at = after(">");
      open.push(new Group(false));
    } else if ("=!<>".indexOf(kind) >= 0) {
      at += kind == '<' ? 2 : 1;
      open.push(new Group(kind != '>'));
    } else {
      int flags = at;
      while (at < source.length() && peek() != ':' && peek() != ')') {
        at++;
      }
      if (source.substring(flags, at).contains("x")) {
        throw refused("comments, the flag x, are not supported");
      }
      boolean group = peek() == ':';
      at++;
      if (group) {
        open.push(new Group(false));
      }
    }
  }

  /** Takes a group's ways into account. Whether it can match nothing. */
  private boolean close(Group group) {
    boolean blank = group.blank || group.anyBlank || group.looks;
    if (blank) {
      multiply(group.alternatives);
    }
    return blank;
  }

  /** Something that can match nothing or not, with the quantifier that follows it. */
  private void item(boolean blank) {
    boolean optional = false;
    char c = peek();
    if (c == '?' || c == '*' || c == '+' || c == '{') {
      at++;
      long least = c == '{' ? leastCount() : c == '+' ? 1 : 0;
      optional = least == 0;
      if (blank) {
        multiply(2 * Math.max(1, least));
      }
      if (peek() == '?' || peek() == '+') {
        at++;
      }
    }
    group().blank &= blank || optional;
  }

  private long leastCount() {
    long count = 0;
    while (peek() >= '0' && peek() <= '9') {
      count = Math.min(Integer.MAX_VALUE, 10 * count + (peek() - '0'));
      at++;
    }
    at = after("}");
    return count;
  }

  private void escape() {
    char c = peek();
    at++;
    if (c == 'Q') {
      if (source.startsWith("\\E", at)) {
        throw refused("it has an empty quotation");
      }
      at = after("\\E");
      item(false);
    } else if (c == 'k') {
      at = after(">");
      item(true);
    } else if (c == 'c') {
      at++;
      item(false);
    } else if ("pPxN".indexOf(c) >= 0) {
      if (peek() == '{') {
        at = after("}");
      }
      item(false);
    } else {
      // A group that is referred to may have matched nothing; the others look around.
      item("123456789AbBGzZ".indexOf(c) >= 0);
    }
  }

  /** The next character; a NUL at the end. */
  private char peek() {
    return at < source.length() ? source.charAt(at) : 0;
  }

  /** Where what follows the next such text begins. */
  private int after(String text) {
    int found = source.indexOf(text, at);
    return found < 0 ? source.length() : found + text.length();
  }

  private void characterClass() {
    int depth = 1;
    boolean first = true;
    while (depth > 0 && at < source.length()) {
      char c = source.charAt(at++);
      if (c == '\\' && source.startsWith("Q", at)) {
        int end = source.indexOf("\\E", at);
        at = end < 0 ? source.length() : end + 2;
        first = false;
      } else if (c == '\\') {
        at++;
        first = false;
      } else if (c == '[') {
        depth++;
        first = true;
      } else if (c == ']' && !first) {
        depth--;
      } else {
        first = first && c == '^';
      }
    }
  }

  private void multiply(long by) {
    ways = Math.min(Integer.MAX_VALUE, ways * by);
  }
}
