package dev.earshot.store;

import dev.earshot.exchange.RecordedExchange;
import java.util.List;

/**
 * Exchanges that match a filter.
 *
 * @param gaveUp how many were left out because a regular expression took too many steps
 */
public record FilteredPage(List<RecordedExchange> exchanges, long gaveUp) {
  public FilteredPage {
    exchanges = List.copyOf(exchanges);
  }
}
