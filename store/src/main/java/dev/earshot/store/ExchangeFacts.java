package dev.earshot.store;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Timings;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is known of an exchange at its start, at its response's head, and at its end, as it is
 * written: masked if the capture is, text one char a byte, times in microseconds.
 */
sealed interface ExchangeFacts {

  /**
   * The start.
   *
   * @param origin how the URL begins; the rest is the path
   * @param http the number of the version
   * @param client empty if nobody is known to have asked
   * @param head as text
   */
  record Start(
      int run,
      long at,
      long connection,
      boolean reused,
      Optional<ClientProcess> client,
      String origin,
      String host,
      String path,
      String method,
      int http,
      String head,
      Optional<String> tunnel)
      implements ExchangeFacts {}

  /**
   * The response's head.
   *
   * @param type its media type
   * @param after since the start
   */
  record Response(int status, Optional<String> type, String head, String remote, long after)
      implements ExchangeFacts {}

  /** The end. */
  record End(
      long duration,
      Optional<String> error,
      Optional<String> detail,
      long requestBytes,
      long responseBytes,
      OptionalLong decoded,
      Optional<String> trailers,
      Optional<Timings> timings)
      implements ExchangeFacts {}
}
