package dev.earshot.store;

import dev.earshot.exchange.filter.TextField;
import dev.earshot.exchange.filter.TextPattern;
import dev.earshot.exchange.filter.Verdict;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The small tables of a capture, as they are at one time: what repeats is compared once, and not in
 * each row.
 */
record FilterWords(List<Host> hosts, List<Type> types, List<String> processNames) {
  /** How the URLs of a host begin, and its name. */
  record Host(long id, String origin, String name) {}

  /** A media type. */
  record Type(long id, String name) {}

  /**
   * What was found.
   *
   * @param notDiffering those that match, and those of which it could not be found out
   */
  record Found<T>(List<T> matching, List<T> notDiffering) {}

  FilterWords {
    hosts = List.copyOf(hosts);
    types = List.copyOf(types);
    processNames = List.copyOf(processNames);
  }

  /** Those of a capture; what is read next must be of the same transaction. */
  static FilterWords read(Connection file) throws SQLException {
    List<Host> hosts = new ArrayList<>();
    List<Type> types = new ArrayList<>();
    List<String> names = new ArrayList<>();
    try (var statement = file.createStatement()) {
      try (var rows = statement.executeQuery("SELECT id, origin, name FROM host")) {
        while (rows.next()) {
          var row = new Columns(rows);
          hosts.add(new Host(row.number(), row.text(), row.text()));
        }
      }
      try (var rows = statement.executeQuery("SELECT id, name FROM type")) {
        while (rows.next()) {
          var row = new Columns(rows);
          types.add(new Type(row.number(), row.text()));
        }
      }
      try (var rows =
          statement.executeQuery("SELECT DISTINCT name FROM process WHERE name IS NOT NULL")) {
        while (rows.next()) {
          names.add(new Columns(rows).text());
        }
      }
    }
    return new FilterWords(hosts, types, names);
  }

  Found<Long> hosts(TextPattern pattern) {
    return find(hosts, Host::id, host -> TextField.HOST.compare(pattern, host.name()));
  }

  Found<Long> types(TextPattern pattern) {
    return find(types, Type::id, type -> TextField.TYPE.compare(pattern, type.name()));
  }

  Found<String> processes(TextPattern pattern) {
    return find(processNames, name -> name, name -> TextField.PROCESS.compare(pattern, name));
  }

  /** Those whose name or origin has the text in it. */
  Found<Long> hostsWith(TextPattern.Literal text) {
    return find(
        hosts,
        Host::id,
        host ->
            text.part(host.name()).matches() || text.part(host.origin()).matches()
                ? Verdict.MATCHES
                : Verdict.DIFFERS);
  }

  /** Those whose origin ends so. */
  Found<Long> originsEnding(String text) {
    var pattern = new TextPattern.Glob(List.of("", text));
    return find(hosts, Host::id, host -> pattern.whole(host.origin()));
  }

  private static <W, T> Found<T> find(
      List<W> words, Function<W, T> id, Function<W, Verdict> compare) {
    List<T> matching = new ArrayList<>();
    List<T> notDiffering = new ArrayList<>();
    for (W word : words) {
      Verdict verdict = compare.apply(word);
      if (verdict == Verdict.MATCHES) {
        matching.add(id.apply(word));
      }
      if (verdict != Verdict.DIFFERS) {
        notDiffering.add(id.apply(word));
      }
    }
    return new Found<>(matching, notDiffering);
  }
}
