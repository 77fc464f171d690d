package dev.earshot.exchange.filter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What can follow in a filter while it is being typed. */
public final class FilterCompletion {
  /** The most that is offered at once. */
  public static final int MOST = 50;

  private static final List<String> METHODS =
      List.of("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT");

  private static final List<String> STATUSES =
      List.of(
          "2xx", "3xx", "4xx", "5xx", "200", "201", "204", "301", "302", "304", "400", "401", "403",
          "404", "409", "422", "429", "500", "502", "503", "504");

  private static final List<String> TYPES =
      List.of("json", "html", "text", "xml", "image", "javascript", "css", "form", "grpc");

  private static final List<String> HEADERS =
      List.of(
          "accept",
          "authorization",
          "cache-control",
          "content-type",
          "cookie",
          "location",
          "set-cookie",
          "user-agent");

  /**
   * What has been seen, most likely first; offered before what is always offered.
   *
   * @param headers names of headers
   */
  public record Known(
      List<String> hosts, List<String> processes, List<String> types, List<String> headers) {
    /** Nothing has been seen. */
    public static final Known NOTHING = new Known(List.of(), List.of(), List.of(), List.of());

    public Known {
      hosts = List.copyOf(hosts);
      processes = List.copyOf(processes);
      types = List.copyOf(types);
      headers = List.copyOf(headers);
    }
  }

  /**
   * Texts that can take the place of a part of what was typed.
   *
   * @param from where the part begins, in UTF-16 units
   * @param to where it ends
   * @param replacements the best first; empty if there is nothing to offer
   */
  public record Completion(int from, int to, List<String> replacements) {
    public Completion {
      replacements = List.copyOf(replacements);
    }

    /** The text with one of the replacements in place. */
    public String apply(String text, String replacement) {
      return text.substring(0, from) + replacement + text.substring(to);
    }
  }

  private FilterCompletion() {}

  /**
   * What can stand at the cursor. It need not be a filter yet; within a regular expression there is
   * nothing to offer.
   *
   * @param cursor an index into the text, 0 to its length
   */
  public static Completion at(String text, int cursor, Known known) {
    int start = start(text, cursor);
    int end = new Scanner(text).boundary(cursor);
    int name = start;
    while (name < cursor && TermParser.isOfName(text.charAt(name))) {
      name++;
    }
    if (name == cursor) {
      return name(text, start, cursor, end);
    }
    Optional<FilterField> field = FilterField.named(text.substring(start, name));
    if (field.isEmpty() || text.charAt(name) != ':') {
      return new Completion(cursor, cursor, List.of());
    }
    int value = name + 1;
    String typed = text.substring(value, cursor).replace("\"", "");
    return new Completion(value, end, best(values(field.get(), known), typed));
  }

  /** Where the term begins that the cursor is in, behind what negates it. */
  private static int start(String text, int cursor) {
    Scanner in = new Scanner(text.substring(0, cursor));
    while (true) {
      while (in.at() < cursor && (in.atBoundary() || in.peek() == '-')) {
        in.skip();
      }
      int start = in.at();
      if (start == cursor) {
        return start;
      }
      int end = in.peek() == '/' ? in.endOfRegex() + 1 : in.boundaryAfterQuotes();
      if (end <= start || end >= cursor) {
        return start;
      }
      in.moveTo(end);
    }
  }

  private static Completion name(String text, int start, int cursor, int end) {
    int to = cursor;
    while (to < end && TermParser.isOfName(text.charAt(to))) {
      to++;
    }
    if (to < end && text.charAt(to) == ':') {
      to++;
    }
    List<String> names = new ArrayList<>();
    for (FilterField field : FilterField.values()) {
      names.add(field.word() + ":");
    }
    String typed = text.substring(start, cursor);
    if (!typed.isEmpty()) {
      Arrays.stream(Trait.values()).map(trait -> "is:" + trait.word()).forEach(names::add);
    }
    return new Completion(start, to, best(names, typed));
  }

  private static List<String> values(FilterField field, Known known) {
    return switch (field) {
      case METHOD -> METHODS;
      case STATUS -> STATUSES;
      case HOST -> quoted(known.hosts());
      case PROCESS -> quoted(known.processes());
      case TYPE -> both(quoted(known.types()), TYPES);
      case HEADER -> both(quoted(known.headers()), HEADERS);
      case PROTO -> Arrays.stream(Protocol.values()).map(Protocol::word).toList();
      case IS -> Arrays.stream(Trait.values()).map(Trait::word).toList();
      case PATH, BODY, DURATION, SIZE, PID, RUN -> List.of();
    };
  }

  private static List<String> quoted(List<String> texts) {
    return texts.stream()
        .filter(text -> !text.isEmpty())
        .map(FilterText.Quoting.NAME_OR_VALUE::of)
        .toList();
  }

  private static List<String> both(List<String> first, List<String> then) {
    Set<String> both = new LinkedHashSet<>(first);
    both.addAll(then);
    return List.copyOf(both);
  }

  /** Those that begin with what was typed, then those that have it somewhere. */
  private static List<String> best(List<String> words, String typed) {
    String wanted = typed.toLowerCase(Locale.ROOT);
    List<String> begin = new ArrayList<>();
    List<String> have = new ArrayList<>();
    for (String word : words) {
      int at = word.toLowerCase(Locale.ROOT).replace("\"", "").indexOf(wanted);
      if (at == 0) {
        begin.add(word);
      } else if (at > 0) {
        have.add(word);
      }
    }
    begin.addAll(have);
    return begin.subList(0, Math.min(MOST, begin.size()));
  }
}
