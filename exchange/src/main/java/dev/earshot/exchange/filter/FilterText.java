package dev.earshot.exchange.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Writes filters in their normal form. */
final class FilterText {
  private FilterText() {}

  static String of(Filter filter) {
    return switch (filter) {
      case Filter.All(var parts) ->
          parts.stream().map(FilterText::within).collect(Collectors.joining(" "));
      case Filter.Any(var parts) ->
          parts.stream().map(FilterText::of).collect(Collectors.joining(" | "));
      case Filter.Not(var part) when part instanceof Filter.All -> "-(" + of(part) + ")";
      case Filter.Not(var part) -> "-" + within(part);
      case Filter.Word(var text) -> pattern(text, Quoting.WORD);
      case Filter.Text(var field, var value) ->
          lower(field)
              + ":"
              + pattern(value, field == TextField.PATH ? Quoting.PATH : Quoting.VALUE);
      case Filter.HasHeader(var name, var value) ->
          "header:" + pattern(name, Quoting.NAME) + value(value);
      case Filter.Measure(var field, var comparison, var value) ->
          lower(field)
              + (comparison == Comparison.EQUAL ? ":" : comparison.sign())
              + NumberText.of(field, value);
      case Filter.StatusClass(var hundreds) -> "status:" + hundreds + "xx";
      case Filter.Proto(var protocol) -> "proto:" + protocol.word();
      case Filter.Is(var trait) -> "is:" + trait.word();
    };
  }

  /** As a part of what binds tighter than a bar. */
  private static String within(Filter part) {
    return part instanceof Filter.Any ? "(" + of(part) + ")" : of(part);
  }

  private static String lower(Enum<?> field) {
    return field.name().toLowerCase(Locale.ROOT);
  }

  private static String value(Optional<TextPattern> value) {
    return value.map(pattern -> "=" + pattern(pattern, Quoting.VALUE)).orElse("");
  }

  private static String pattern(TextPattern pattern, Quoting quoting) {
    return switch (pattern) {
      case TextPattern.Literal(var text) -> quoting.of(text);
      case TextPattern.Glob(var parts) -> quoting.of(parts);
      case TextPattern.Regex regex -> "/" + RegexText.escaped(regex.source()) + "/";
    };
  }

  /** Where a text stands: what it must be put in quotes for. */
  enum Quoting {
    WORD,
    VALUE,
    PATH,
    NAME,
    NAME_OR_VALUE;

    /** Written so that it is read as this text, and as nothing else. */
    String of(String text) {
      boolean quotes = needsQuotes(text) || (this == PATH && readsAsRegex(text));
      return quotes ? quoted(text) : text;
    }

    /** The same of texts with wildcards between them. */
    String of(List<String> parts) {
      List<String> written = new ArrayList<>();
      for (String part : parts) {
        written.add(part.isEmpty() || !needsQuotes(part) ? part : quoted(part));
      }
      if (this == PATH && readsAsRegex(String.join("*", written))) {
        written.set(0, quoted(parts.getFirst()));
      }
      return String.join("*", written);
    }

    private static boolean readsAsRegex(String path) {
      return path.length() > 1
          && path.startsWith("/")
          && path.endsWith("/")
          && RegexText.canFollowPath(path.substring(1, path.length() - 1));
    }

    private boolean needsQuotes(String text) {
      if (text.chars().anyMatch(c -> isSpecial((char) c))) {
        return true;
      }
      return switch (this) {
        case WORD -> "-/<>".indexOf(text.charAt(0)) >= 0 || text.contains(":") || hasSign(text);
        case VALUE -> "/<>=".indexOf(text.charAt(0)) >= 0;
        case PATH -> false;
        case NAME -> text.startsWith("/");
        case NAME_OR_VALUE -> NAME.needsQuotes(text) || VALUE.needsQuotes(text);
      };
    }

    private static boolean hasSign(String text) {
      return text.chars().anyMatch(c -> "<>=!".indexOf(c) >= 0);
    }

    private static boolean isSpecial(char c) {
      return Scanner.isSpace(c) || "|()\"*".indexOf(c) >= 0;
    }

    /** In quotes; backslashes are escaped only where they would escape something. */
    static String quoted(String text) {
      StringBuilder quoted = new StringBuilder("\"");
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        char next = i + 1 < text.length() ? text.charAt(i + 1) : '"';
        if (c == '"' || (c == '\\' && (next == '"' || next == '\\'))) {
          quoted.append('\\');
        }
        quoted.append(c);
      }
      return quoted.append('"').toString();
    }
  }
}
