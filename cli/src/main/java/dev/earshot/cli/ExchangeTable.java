package dev.earshot.cli;

import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import java.util.OptionalInt;

/**
 * Exchanges as lines of a table, one at a time, so that a million of them need no memory. The path
 * comes last and takes what is left of the width; without one nothing is cut but the columns that
 * would break the table.
 */
final class ExchangeTable {
  private static final int ID = 5;
  private static final int METHOD = 7;
  private static final int CODE = 8;
  private static final int SIZE = 6;
  private static final int TIME = 7;
  private static final int FIXED = ID + METHOD + CODE + SIZE + TIME + 6;

  private static final int WIDEST_HOST = 32;
  private static final int LEAST_PATH = 12;

  private final OptionalInt width;
  private final Palette palette;
  private final Redaction redaction;
  private final int host;

  /**
   * A table.
   *
   * @param width of the terminal; empty if there is none
   * @param longestHost cells of the longest host's name in it
   */
  ExchangeTable(OptionalInt width, Palette palette, Redaction redaction, int longestHost) {
    this.width = width;
    this.palette = palette;
    this.redaction = redaction;
    int most = width.isEmpty() ? longestHost : Math.min(WIDEST_HOST, longestHost);
    int room = width.isEmpty() ? most : Math.max(width.getAsInt() - FIXED - LEAST_PATH, 4);
    this.host = Math.clamp(most, 4, Math.max(room, 4));
  }

  String header() {
    return palette.bold(
        line(
            Cells.right("ID", ID),
            Cells.left("METHOD", METHOD),
            Cells.right("CODE", CODE),
            Cells.right("SIZE", SIZE),
            Cells.right("TIME", TIME),
            Cells.left("HOST", host),
            "PATH"));
  }

  String row(RecordedExchange exchange) {
    // An id of more digits pushes the line to the right rather than lose its meaning.
    String id = String.valueOf(exchange.id());
    return line(
        palette.faint(id.length() > ID ? id : Cells.right(id, ID)),
        Cells.left(Printable.line(exchange.request().method()), METHOD),
        outcome(exchange),
        Cells.right(size(exchange), SIZE),
        Cells.right(time(exchange), TIME),
        Cells.left(Printable.line(exchange.host()), host),
        path(exchange));
  }

  private static String line(String... columns) {
    return String.join(" ", columns).stripTrailing();
  }

  private String outcome(RecordedExchange exchange) {
    int status = exchange.response().map(response -> response.head().status()).orElse(0);
    return switch (exchange.end()) {
      case ExchangeEnd.Failed(_, var error, _) -> palette.bad(Cells.right(error.wireName(), CODE));
      case ExchangeEnd.Pending _, ExchangeEnd.Finished _ ->
          status == 0
              ? palette.faint(Cells.right(exchange.tunnel().isPresent() ? "tunnel" : "…", CODE))
              : palette.status(status, Cells.right(String.valueOf(status), CODE));
    };
  }

  private static String size(RecordedExchange exchange) {
    return exchange.response().isEmpty() && exchange.tunnel().isEmpty()
        ? "-"
        : Figures.size(exchange.responseBody().bytes());
  }

  private static String time(RecordedExchange exchange) {
    return switch (exchange.end()) {
      case ExchangeEnd.Pending _ -> "…";
      case ExchangeEnd.Finished finished -> Figures.time(finished.duration());
      case ExchangeEnd.Failed failed -> Figures.time(failed.duration());
    };
  }

  private String path(RecordedExchange exchange) {
    String masked = redaction.url(exchange.url());
    String path = Printable.line(Launch.text(pathOf(masked)));
    if (width.isEmpty()) {
      return path;
    }
    return Cells.cut(path, Math.max(width.getAsInt() - FIXED - host, 1));
  }

  /** What follows the authority; of a tunnel, which has no scheme, all. */
  private static String pathOf(String url) {
    int authority = url.indexOf("://");
    int slash = authority < 0 ? -1 : url.indexOf('/', authority + 3);
    return slash < 0 ? url : url.substring(slash);
  }
}
