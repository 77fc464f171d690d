package dev.earshot.store;

import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.filter.Filter;
import dev.earshot.exchange.filter.Verdict;
import dev.earshot.session.CaptureView;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/** Looks for the exchanges of a capture that match a filter. */
record FilterQuery(Connection file, LongFunction<BodySource> bodies) {

  /** A page of them; see {@link CaptureReader#exchanges(Filter, long, CaptureView.Order, int)}. */
  FilteredPage page(Filter filter, long beyond, CaptureView.Order order, int most)
      throws SQLException, IOException {
    // One transaction: a host that comes between two questions would be in none of the lists.
    file.setAutoCommit(false);
    try {
      return page(FilterSql.of(filter, FilterWords.read(file)), beyond, order, most);
    } finally {
      file.rollback();
      file.setAutoCommit(true);
    }
  }

  private FilteredPage page(FilterSql filter, long beyond, CaptureView.Order order, int most)
      throws SQLException, IOException {
    String place =
        switch (order) {
          case OLDEST_FIRST -> " AND e.id > ? ORDER BY e.id";
          case NEWEST_FIRST -> " AND e.id < ? ORDER BY e.id DESC";
        };
    long from = order == CaptureView.Order.NEWEST_FIRST && beyond == 0 ? Long.MAX_VALUE : beyond;
    List<RecordedExchange> found = new ArrayList<>();
    long gaveUp = 0;
    try (var query =
        file.prepareStatement(ReadExchange.SELECT + "(" + filter.condition() + ")" + place)) {
      int parameters = bind(query, filter.parameters());
      query.setLong(parameters + 1, from);
      try (var rows = query.executeQuery()) {
        while (found.size() < most && rows.next()) {
          if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("the search was given up");
          }
          RecordedExchange exchange = ReadExchange.from(new Columns(rows));
          var text = new CapturedText(exchange, bodies.apply(exchange.id()));
          Verdict verdict = filter.rest().match(exchange, text);
          if (verdict.matches()) {
            found.add(exchange);
          } else if (verdict == Verdict.GAVE_UP) {
            gaveUp++;
          }
        }
      }
    }
    return new FilteredPage(found, gaveUp);
  }

  private static int bind(PreparedStatement query, List<String> parameters) throws SQLException {
    int index = 0;
    for (String parameter : parameters) {
      query.setString(++index, parameter);
    }
    return index;
  }
}
