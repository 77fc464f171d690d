package dev.earshot.exchange.filter;

import dev.earshot.exchange.filter.FilterText.Quoting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;

/** Reads one term of a filter, without what negates it. */
final class TermParser {
  private static final int MOST_SHOWN = 40;
  private static final int MOST_PORT_DIGITS = 5;

  private final Scanner in;

  TermParser(Scanner in) {
    this.in = in;
  }

  Filter.Term term() throws WrongFilter {
    int start = in.at();
    if (in.peek() == '/') {
      return ended(new Filter.Word(regex(start)));
    }
    if (in.peek() == '<' || in.peek() == '>') {
      throw new WrongFilter(
          start,
          "a comparison has its field right before it and its value right after it, such as"
              + " status>=400");
    }
    int end = endOfName();
    String name = in.between(start, end);
    Optional<FilterField> field = FilterField.named(name);
    boolean fieldFollows =
        switch (in.charAt(end)) {
          case ':' -> end > start && (field.isPresent() || !isWord(name, end));
          case '<', '>' -> end > start;
          case '=' -> field.isPresent();
          case '!' -> field.isPresent() && in.charAt(end + 1) == '=';
          default -> false;
        };
    if (!fieldFollows) {
      return ended(word());
    }
    in.moveTo(end);
    return ended(field(field.orElseThrow(() -> unknownField(name, start, end))));
  }

  private Filter.Term ended(Filter.Term term) throws WrongFilter {
    in.endOfTerm();
    return term;
  }

  private int endOfName() {
    int end = in.at();
    while (isOfName(in.charAt(end))) {
      end++;
    }
    return end;
  }

  static boolean isOfName(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '.'
        || c == '-';
  }

  /**
   * Whether what has a colon after a name that no field has is text: a URL, a host and its port.
   */
  private boolean isWord(String name, int colon) {
    if (in.charAt(colon + 1) == '/' && in.charAt(colon + 2) == '/') {
      return true;
    }
    int end = colon + 1;
    while (in.charAt(end) >= '0' && in.charAt(end) <= '9') {
      end++;
    }
    int digits = end - colon - 1;
    boolean port =
        digits > 0
            && digits <= MOST_PORT_DIGITS
            && (in.isBoundary(end) || "/?#".indexOf(in.charAt(end)) >= 0);
    // A number may be of a field with a slip in its name, but not if a path follows.
    boolean slip =
        in.isBoundary(end) && FilterField.meantBy(name).flatMap(FilterField::number).isPresent();
    return name.contains(".") || (port && !slip);
  }

  private WrongFilter unknownField(String name, int start, int end) {
    Optional<String> meant = FilterField.meantBy(name).map(FilterField::word);
    if (meant.isEmpty() && name.contains("-") && in.charAt(end) == ':') {
      meant = Optional.of("header:" + name + "=" + shown(rest(end + 1)));
    }
    return new WrongFilter(
        start,
        "unknown field '" + shown(name) + "'; to search for it as text, put it in quotes",
        meant);
  }

  private Filter.Term field(FilterField field) throws WrongFilter {
    int sign = in.at();
    if (in.peek() == ':') {
      in.skip();
      return value(field);
    }
    if (in.peek() == '!') {
      throw new WrongFilter(
          sign, "there is no '!='", "-" + field.word() + ":" + shown(rest(sign + 2)));
    }
    Comparison comparison = comparison();
    return number(field, comparison, field.number().orElseThrow(() -> notCompared(field, sign)));
  }

  private static WrongFilter notCompared(FilterField field, int sign) {
    return new WrongFilter(sign, field.word() + " cannot be compared, write " + field.example());
  }

  private Comparison comparison() {
    char first = in.peek();
    in.skip();
    if (first == '=') {
      return Comparison.EQUAL;
    }
    boolean orEqual = in.peek() == '=';
    if (orEqual) {
      in.skip();
    }
    if (first == '<') {
      return orEqual ? Comparison.AT_MOST : Comparison.LESS;
    }
    return orEqual ? Comparison.AT_LEAST : Comparison.GREATER;
  }

  private Filter.Term value(FilterField field) throws WrongFilter {
    needsValue(field);
    Optional<TextField> text = field.text();
    if (text.isPresent()) {
      return text(text.get(), field);
    }
    Optional<NumberField> number = field.number();
    if (number.isPresent()) {
      if ("<>=".indexOf(in.peek()) >= 0) {
        throw new WrongFilter(
            in.at(), "a comparison stands without a colon", field.word() + shown(rest(in.at())));
      }
      return number(field, Comparison.EQUAL, number.get());
    }
    return switch (field) {
      case HEADER -> header();
      case PROTO -> proto();
      default -> is();
    };
  }

  private void needsValue(FilterField field) throws WrongFilter {
    if (in.peek() == '(') {
      throw new WrongFilter(
          in.at(), "a value has no parentheses; repeat the field: (status:404 | status:500)");
    }
    if (in.atBoundary()) {
      throw new WrongFilter(in.at(), "a value is missing right after it, write " + field.example());
    }
  }

  private Filter.Term text(TextField text, FilterField field) throws WrongFilter {
    boolean regex = in.peek() == '/' && (text != TextField.PATH || pathIsRegex());
    if (regex) {
      return new Filter.Text(text, regex(in.at()));
    }
    Scanner.Lexeme value = in.lexeme();
    notEmpty(value, field);
    return new Filter.Text(
        text,
        text == TextField.BODY ? new TextPattern.Literal(value.text()) : withWildcards(value));
  }

  /** A path begins with a slash itself, so a regular expression must look like nothing else. */
  private boolean pathIsRegex() {
    int end = in.endOfRegex();
    if (end <= in.at() + 1 || !in.isBoundary(end + 1)) {
      return false;
    }
    return RegexText.canFollowPath(in.between(in.at() + 1, end));
  }

  private static void notEmpty(Scanner.Lexeme value, FilterField field) throws WrongFilter {
    if (value.text().isEmpty()) {
      throw new WrongFilter(value.from(), "an empty value, write " + field.example());
    }
  }

  private static TextPattern withWildcards(Scanner.Lexeme value) {
    if (value.stars().isEmpty()) {
      return new TextPattern.Literal(value.text());
    }
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int star = value.stars().nextSetBit(0); star >= 0; ) {
      if (star > from || parts.isEmpty()) {
        parts.add(value.text().substring(from, star));
      }
      from = star + 1;
      star = value.stars().nextSetBit(from);
    }
    parts.add(value.text().substring(from));
    return new TextPattern.Glob(parts);
  }

  private Filter.Term word() throws WrongFilter {
    Scanner.Lexeme word = in.lexeme();
    if (word.text().isEmpty()) {
      throw new WrongFilter(word.from(), "nothing between the quotes");
    }
    return new Filter.Word(new TextPattern.Literal(word.text()));
  }

  private Filter.Term header() throws WrongFilter {
    TextPattern name;
    if (in.peek() == '/') {
      name = regex(in.at());
    } else {
      Scanner.Lexeme read = in.lexeme('=');
      notEmpty(read, FilterField.HEADER);
      if (read.text().contains("=")) {
        throw new WrongFilter(
            read.from(),
            "a header's name has no '='; quote the value alone: header:accept=\"...\"");
      }
      name = withWildcards(read);
    }
    if (in.peek() != '=') {
      return new Filter.HasHeader(name, Optional.empty());
    }
    in.skip();
    needsValue(FilterField.HEADER);
    if (in.peek() == '/') {
      return new Filter.HasHeader(name, Optional.of(regex(in.at())));
    }
    Scanner.Lexeme value = in.lexeme();
    notEmpty(value, FilterField.HEADER);
    return new Filter.HasHeader(name, Optional.of(new TextPattern.Literal(value.text())));
  }

  private Filter.Term proto() throws WrongFilter {
    Scanner.Lexeme value = in.lexeme();
    Optional<Protocol> protocol = Protocol.named(value.text());
    if (protocol.isEmpty()) {
      List<String> words = Arrays.stream(Protocol.values()).map(Protocol::word).toList();
      throw new WrongFilter(
          value.from(),
          "unknown protocol '" + shown(value.text()) + "' after proto: it is one of " + list(words),
          Nearest.to(value.text(), words));
    }
    return new Filter.Proto(protocol.get());
  }

  private Filter.Term is() throws WrongFilter {
    Scanner.Lexeme value = in.lexeme();
    Optional<Trait> trait = Trait.named(value.text());
    if (trait.isEmpty()) {
      List<String> words = Arrays.stream(Trait.values()).map(Trait::word).toList();
      throw new WrongFilter(
          value.from(),
          "unknown word '" + shown(value.text()) + "' after is: it is one of " + list(words),
          Nearest.to(value.text(), words));
    }
    return new Filter.Is(trait.get());
  }

  private Filter.Term number(FilterField field, Comparison comparison, NumberField number)
      throws WrongFilter {
    needsValue(field);
    Scanner.Lexeme value = in.lexeme();
    return NumberText.read(number, comparison, value.text())
        .orElseThrow(() -> badNumber(field, comparison, number, value));
  }

  private static WrongFilter badNumber(
      FilterField field, Comparison comparison, NumberField number, Scanner.Lexeme value) {
    String text = shown(value.text());
    Optional<String> meant =
        NumberText.meantBy(number, comparison, value.text())
            .map(better ->
                field.word() + (comparison == Comparison.EQUAL ? ":" : comparison.sign()) + better);
    return new WrongFilter(
        value.from(), "'" + text + "' is not " + NumberText.expected(number), meant);
  }

  /** The regular expression that begins here. */
  private TextPattern.Regex regex(int start) throws WrongFilter {
    int end = in.endOfRegex();
    if (end < 0) {
      throw new WrongFilter(
          start,
          "the regular expression is not closed; to search for text with a slash, put it in quotes",
          Quoting.quoted(shown(rest(start))));
    }
    if (!in.isBoundary(end + 1) && in.charAt(end + 1) != '=') {
      throw new WrongFilter(
          end + 1,
          "text after the regular expression; to search for text with slashes, put it in quotes",
          Quoting.quoted(shown(rest(start))));
    }
    String source = in.between(start + 1, end);
    in.moveTo(end + 1);
    try {
      return new TextPattern.Regex(source);
    } catch (PatternSyntaxException bad) {
      int at = RegexText.indexInEscaped(source, Math.max(0, bad.getIndex()));
      throw new WrongFilter(
          start + 1 + Math.min(at, source.length()),
          "bad regular expression: " + shown(bad.getDescription()));
    }
  }

  /** What is written from here up to a boundary. */
  private String rest(int from) {
    return in.between(from, in.boundary(from));
  }

  private static String list(List<String> words) {
    return String.join(", ", words);
  }

  /** A text of the user as it can stand in a message: one line, not long. */
  static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    text.codePoints()
        .limit(MOST_SHOWN)
        .map(c -> Character.isISOControl(c) || !Character.isDefined(c) ? '?' : c)
        .forEach(shown::appendCodePoint);
    return text.codePointCount(0, text.length()) > MOST_SHOWN ? shown + "..." : shown.toString();
  }
}
