package dev.earshot.exchange.filter;

/** Comparing text without case, in time that is linear whatever the texts are. */
enum Fold {
  /** The letters A to Z alone: what is on the wire, and what SQLite compares in the same way. */
  ASCII {
    @Override
    char of(char c) {
      return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
    }
  },
  /** All letters that have one upper and one lower case: text in bodies. */
  UNICODE {
    @Override
    char of(char c) {
      return Character.toLowerCase(Character.toUpperCase(c));
    }
  };

  /** Up to this length a needle is looked for in the plain way. */
  private static final int SHORT = 64;

  abstract char of(char c);

  /** Whether both are the same. */
  boolean same(CharSequence left, CharSequence right) {
    return left.length() == right.length() && hasAt(left, right, 0);
  }

  /** Whether the text begins so. */
  boolean begins(CharSequence text, CharSequence with) {
    return with.length() <= text.length() && hasAt(text, with, 0);
  }

  /** Whether the text ends so. */
  boolean ends(CharSequence text, CharSequence with) {
    return with.length() <= text.length() && hasAt(text, with, text.length() - with.length());
  }

  private boolean hasAt(CharSequence text, CharSequence needle, int at) {
    for (int i = 0; i < needle.length(); i++) {
      if (of(text.charAt(at + i)) != of(needle.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** Where the needle is first, from {@code from} on and ending by {@code to}; -1 if nowhere. */
  int indexOf(CharSequence text, CharSequence needle, int from, int to) {
    int last = to - needle.length();
    if (last < from) {
      return -1;
    }
    if (needle.length() > SHORT) {
      return indexOfLong(text, needle, from, to);
    }
    for (int at = from; at <= last; at++) {
      if (hasAt(text, needle, at)) {
        return at;
      }
    }
    return -1;
  }

  /** By Knuth, Morris and Pratt. */
  private int indexOfLong(CharSequence text, CharSequence needle, int from, int to) {
    int[] border = new int[needle.length() + 1];
    border[0] = -1;
    int length = -1;
    for (int i = 0; i < needle.length(); i++) {
      while (length >= 0 && of(needle.charAt(i)) != of(needle.charAt(length))) {
        length = border[length];
      }
      border[i + 1] = ++length;
    }
    int matched = 0;
    for (int i = from; i < to; i++) {
      char c = of(text.charAt(i));
      while (matched >= 0 && c != of(needle.charAt(matched))) {
        matched = border[matched];
      }
      if (++matched == needle.length()) {
        return i + 1 - matched;
      }
    }
    return -1;
  }
}
