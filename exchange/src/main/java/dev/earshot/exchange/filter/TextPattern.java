package dev.earshot.exchange.filter;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What a text is compared with. */
public sealed interface TextPattern {
  /** The text itself; never empty. */
  record Literal(String text) implements TextPattern {
    public Literal {
      if (text.isEmpty()) {
        throw new IllegalArgumentException("an empty text");
      }
    }
  }

  /**
   * Texts with anything between them.
   *
   * @param parts what is before, between and after the wildcards; only the first and the last can
   *     be empty
   */
  record Glob(List<String> parts) implements TextPattern {
    public Glob {
      parts = List.copyOf(parts);
      if (parts.size() < 2 || parts.subList(1, parts.size() - 1).contains("")) {
        throw new IllegalArgumentException("no wildcards, or two in a row: " + parts);
      }
    }

    /** Whether the whole text is so. */
    boolean isWhole(CharSequence text) {
      String first = parts.getFirst();
      String last = parts.getLast();
      if (!Fold.ASCII.begins(text, first)
          || !Fold.ASCII.ends(text, last)
          || first.length() + last.length() > text.length()) {
        return false;
      }
      int at = first.length();
      int to = text.length() - last.length();
      for (String part : parts.subList(1, parts.size() - 1)) {
        int found = Fold.ASCII.indexOf(text, part, at, to);
        if (found < 0) {
          return false;
        }
        at = found + part.length();
      }
      return true;
    }
  }

  /** A Java regular expression, found anywhere. Two are equal if they are written alike. */
  final class Regex implements TextPattern {
    private final String source;
    private final Pattern pattern;

    /**
     * Of this source; a slash in it may, but need not be escaped.
     *
     * @throws PatternSyntaxException if it is not one, or if no bound of its steps could be kept
     */
    public Regex(String source) {
      this.source = RegexText.unescaped(source);
      this.pattern = RegexText.compile(this.source);
    }

    /** The expression, without escapes of slashes. */
    public String source() {
      return source;
    }

    /** Whether it is found in the text, in a bounded number of steps. */
    Verdict find(CharSequence text) {
      try {
        return pattern.matcher(new CountedText(text)).find() ? Verdict.MATCHES : Verdict.DIFFERS;
      } catch (CountedText.TooManySteps | StackOverflowError tooMuch) {
        return Verdict.GAVE_UP;
      }
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Regex regex && regex.source.equals(source);
    }

    @Override
    public int hashCode() {
      return source.hashCode();
    }

    @Override
    public String toString() {
      return "Regex[" + source + "]";
    }
  }

  /** Whether the whole text is so; a regular expression is found anywhere. */
  default Verdict whole(String text) {
    return switch (this) {
      case Literal(var literal) -> verdict(Fold.ASCII.same(text, literal));
      case Glob glob -> verdict(glob.isWhole(text));
      case Regex regex -> regex.find(text);
    };
  }

  /** Whether a part of the text is so; with wildcards, whether the whole of it is. */
  default Verdict part(String text) {
    return part(text, Fold.ASCII);
  }

  /** The same of long text. */
  private Verdict part(CharSequence text, Fold fold) {
    return switch (this) {
      case Literal(var literal) -> verdict(fold.indexOf(text, literal, 0, text.length()) >= 0);
      case Glob glob -> verdict(glob.isWhole(text));
      case Regex regex -> regex.find(text);
    };
  }

  /** Whether a part of a body is so. */
  default Verdict partOfBody(CharSequence text) {
    return part(text, Fold.UNICODE);
  }

  private static Verdict verdict(boolean matches) {
    return matches ? Verdict.MATCHES : Verdict.DIFFERS;
  }
}
