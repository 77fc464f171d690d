package dev.earshot.exchange;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/** What became of an exchange. */
public sealed interface ExchangeEnd {
  /** It has not ended, or nobody was left to see its end. */
  record Pending() implements ExchangeEnd {}

  /**
   * The whole response was passed to the client.
   *
   * @param duration from its start
   * @param responseDecodedBytes bytes of the response's body without its content coding; present if
   *     it had one and was decoded whole
   * @param trailers the response's trailer section
   * @param timings where the time went
   */
  record Finished(
      Duration duration, OptionalLong responseDecodedBytes, List<Header> trailers, Timings timings)
      implements ExchangeEnd {
    public Finished {
      trailers = List.copyOf(trailers);
    }
  }

  /**
   * It ended before its response was complete.
   *
   * @param duration from its start
   * @param detail one line of text
   */
  record Failed(Duration duration, FailureKind error, String detail) implements ExchangeEnd {}
}
