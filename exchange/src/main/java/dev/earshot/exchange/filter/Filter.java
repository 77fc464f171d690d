package dev.earshot.exchange.filter;

import dev.earshot.exchange.RecordedExchange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An expression that chooses exchanges. {@link FilterParser} reads one; its {@code toString} is its
 * normal form, which reads back as an equal filter.
 *
 * <p>A comparison on a value that is not there is neither true nor false, and so is its negation; a
 * filter matches only if it is true. It follows that while an exchange goes on, a comparison that
 * once held keeps holding.
 */
public sealed interface Filter {
  /**
   * All parts hold. Two or more of them, none itself of this kind; or none, which is {@link
   * #everything}.
   */
  record All(List<Filter> parts) implements Filter {
    public All {
      parts = List.copyOf(parts);
      if (parts.size() == 1 || parts.stream().anyMatch(All.class::isInstance)) {
        throw new IllegalArgumentException("not flat: " + parts);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /** At least one part holds. Two or more of them, none itself of this kind or everything. */
  record Any(List<Filter> parts) implements Filter {
    public Any {
      parts = List.copyOf(parts);
      if (parts.size() < 2
          || parts.contains(everything())
          || parts.stream().anyMatch(Any.class::isInstance)) {
        throw new IllegalArgumentException("not flat: " + parts);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /** The part is false. It is neither a negation nor everything. */
  record Not(Filter part) implements Filter {
    public Not {
      if (part instanceof Not || part.equals(everything())) {
        throw new IllegalArgumentException("not a negation of " + part);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /** One question to an exchange. */
  sealed interface Term extends Filter {}

  /** The text is in the host or in the URL. A literal or a regular expression. */
  record Word(TextPattern text) implements Term {
    public Word {
      if (text instanceof TextPattern.Glob) {
        throw new IllegalArgumentException("a word has no wildcards: " + text);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /**
   * A field of text is as said; what that means depends on the field.
   *
   * @param value for a body, without wildcards; for a path, no regular expression that would read
   *     as a path or as more than one term
   */
  record Text(TextField field, TextPattern value) implements Term {
    public Text {
      if (field == TextField.BODY && value instanceof TextPattern.Glob) {
        throw new IllegalArgumentException("a body is not compared with wildcards: " + value);
      }
      if (field == TextField.PATH
          && value instanceof TextPattern.Regex regex
          && !RegexText.canFollowPath(RegexText.escaped(regex.source()))) {
        throw new IllegalArgumentException("reads as a path: " + value);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /**
   * A head of the request or the response has such a header.
   *
   * @param name a literal or wildcards without an equals sign, or a regular expression
   * @param value what is in its value, if that matters; a literal or a regular expression
   */
  record HasHeader(TextPattern name, Optional<TextPattern> value) implements Term {
    public HasHeader {
      boolean sign =
          switch (name) {
            case TextPattern.Literal(var text) -> text.contains("=");
            case TextPattern.Glob(var parts) -> parts.stream().anyMatch(part -> part.contains("="));
            case TextPattern.Regex _ -> false;
          };
      if (sign) {
        throw new IllegalArgumentException("no name of a header: " + name);
      }
      if (value.isPresent() && value.get() instanceof TextPattern.Glob) {
        throw new IllegalArgumentException("a header's value has no wildcards: " + value);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /**
   * A number compares as said.
   *
   * @param value not negative; microseconds for a duration, bytes for a size; a status that another
   *     is equal to is at least 100
   */
  record Measure(NumberField field, Comparison comparison, long value) implements Term {
    public Measure {
      boolean noStatus =
          field == NumberField.STATUS && comparison == Comparison.EQUAL && value < 100;
      if (value < 0 || value > field.most() || noStatus) {
        throw new IllegalArgumentException("no " + field + ": " + value);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /**
   * The status is of this class.
   *
   * @param hundreds 1 to 9
   */
  record StatusClass(int hundreds) implements Term {
    public StatusClass {
      if (hundreds < 1 || hundreds > 9) {
        throw new IllegalArgumentException("no class of a status: " + hundreds);
      }
    }

    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /** The client spoke this protocol. */
  record Proto(Protocol protocol) implements Term {
    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /** It is such a one, as far as is known now. */
  record Is(Trait trait) implements Term {
    @Override
    public String toString() {
      return FilterText.of(this);
    }
  }

  /** Matches every exchange; what an empty text says. */
  static Filter everything() {
    return new All(List.of());
  }

  /** A filter for which all of these hold; flat, whatever the parts are. */
  static Filter all(List<? extends Filter> parts) {
    List<Filter> flat = new ArrayList<>();
    for (Filter part : parts) {
      if (part instanceof All(var inner)) {
        flat.addAll(inner);
      } else {
        flat.add(part);
      }
    }
    return flat.size() == 1 ? flat.getFirst() : new All(flat);
  }

  /** A filter for which one of these holds; flat, whatever the parts are. */
  static Filter any(List<? extends Filter> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("one of nothing");
    }
    List<Filter> flat = new ArrayList<>();
    for (Filter part : parts) {
      if (part.equals(everything())) {
        return part;
      }
      if (part instanceof Any(var inner)) {
        flat.addAll(inner);
      } else {
        flat.add(part);
      }
    }
    return flat.size() == 1 ? flat.getFirst() : new Any(flat);
  }

  /** A filter that is true where the part is false. */
  static Filter not(Filter part) {
    return part instanceof Not(var inner) ? inner : new Not(part);
  }

  /** Whether the text of bodies can matter. */
  default boolean asksBodies() {
    return switch (this) {
      case All(var parts) -> parts.stream().anyMatch(Filter::asksBodies);
      case Any(var parts) -> parts.stream().anyMatch(Filter::asksBodies);
      case Not(var part) -> part.asksBodies();
      case Text(var field, _) -> field == TextField.BODY;
      case Word _, HasHeader _, Measure _, StatusClass _, Proto _, Is _ -> false;
    };
  }

  /**
   * Whether this exchange matches.
   *
   * @param bodies asked only if nothing else decides
   * @throws IOException if a body could not be read
   */
  default Verdict match(RecordedExchange exchange, BodyText bodies) throws IOException {
    return new FilterMatch(exchange, bodies).of(this);
  }
}
