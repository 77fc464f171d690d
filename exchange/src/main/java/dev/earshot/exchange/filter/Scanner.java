package dev.earshot.exchange.filter;

import java.util.BitSet;

/** Goes through the text of a filter. A NUL stands for its end. */
final class Scanner {
  private static final char END = 0;

  /**
   * A word or value as it was written.
   *
   * @param text without its quotes
   * @param stars where it has an asterisk outside of quotes
   * @param quoted whether any of it was in quotes
   * @param from where it begins
   * @param to where it ends
   */
  record Lexeme(String text, BitSet stars, boolean quoted, int from, int to) {}

  private final String text;
  private int at;

  Scanner(String text) {
    this.text = text;
  }

  int at() {
    return at;
  }

  void moveTo(int index) {
    at = index;
  }

  boolean atEnd() {
    return at == text.length();
  }

  char peek() {
    return charAt(at);
  }

  char charAt(int index) {
    return index < text.length() ? text.charAt(index) : END;
  }

  String between(int from, int to) {
    return text.substring(from, to);
  }

  boolean startsWith(String with) {
    return text.startsWith(with, at);
  }

  void skip() {
    at++;
  }

  void skipSpace() {
    while (!atEnd() && isSpace(peek())) {
      at++;
    }
  }

  static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c);
  }

  /** Whether a word or value that reaches to here ends here. */
  boolean atBoundary() {
    return isBoundary(at);
  }

  boolean isBoundary(int index) {
    if (index >= text.length()) {
      return true;
    }
    char c = text.charAt(index);
    return c == '|' || c == '(' || c == ')' || isSpace(c);
  }

  /** Refuses what follows a term without a space. */
  void endOfTerm() throws WrongFilter {
    if (!atBoundary() || peek() == '(') {
      throw new WrongFilter(
          at, "a space is missing here; text with parentheses or quotes is put in quotes");
    }
  }

  /** Reads up to a boundary, or to the stop outside of quotes. */
  Lexeme lexeme(char stop) throws WrongFilter {
    int from = at;
    StringBuilder read = new StringBuilder();
    BitSet stars = new BitSet();
    boolean quoted = false;
    while (!atBoundary() && (peek() != stop || stop == END)) {
      char c = peek();
      if (c == '"') {
        quoted = true;
        quotation(read);
      } else {
        if (c == '*') {
          stars.set(read.length());
        }
        read.append(c);
        at++;
      }
    }
    return new Lexeme(read.toString(), stars, quoted, from, at);
  }

  Lexeme lexeme() throws WrongFilter {
    return lexeme(END);
  }

  private void quotation(StringBuilder read) throws WrongFilter {
    int start = at++;
    while (!atEnd() && peek() != '"') {
      if (peek() == '\\' && (charAt(at + 1) == '"' || charAt(at + 1) == '\\')) {
        at++;
      }
      read.append(peek());
      at++;
    }
    if (atEnd()) {
      throw new WrongFilter(start, "the quote is not closed");
    }
    at++;
  }

  /** The index of the slash that ends the regular expression whose first slash is here, or -1. */
  int endOfRegex() {
    for (int i = at + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '/') {
        return i;
      }
    }
    return -1;
  }

  /** The first boundary at or after an index, whatever quotes there are. */
  int boundary(int from) {
    int end = from;
    while (!isBoundary(end)) {
      end++;
    }
    return end;
  }

  /** The first boundary at or after here outside of quotes; the end if a quote is not closed. */
  int boundaryAfterQuotes() {
    boolean quoted = false;
    int end = at;
    while (end < text.length() && (quoted || !isBoundary(end))) {
      char c = text.charAt(end);
      if (c == '\\' && quoted) {
        end++;
      } else if (c == '"') {
        quoted = !quoted;
      }
      end++;
    }
    return Math.min(end, text.length());
  }
}
