package dev.earshot.store;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TunnelReason;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * An exchange out of its rows. A word that a later version made up within this layout is taken for
 * the nearest that is known.
 */
final class ReadExchange {
  /** Up to the condition. */
  static final String SELECT =
      "SELECT e.id, e.run, e.started, e.flags, e.status, e.duration, e.error,"
          + " e.request_bytes, e.response_bytes, o.origin || e.path, o.name,"
          + " p.pid, p.name, p.owned,"
          + " h.connection, h.reused, h.request, h.response, h.remote, h.response_after,"
          + " h.request_kept, h.request_gap, h.response_kept, h.response_gap, h.response_decoded,"
          + " h.trailers, h.blocked, h.dns, h.connect, h.tls, h.send, h.wait, h.receive,"
          + " h.tunnel, h.detail"
          + " FROM exchange e JOIN head h ON h.exchange = e.id JOIN host o ON o.id = e.host"
          + " LEFT JOIN process p ON p.id = e.process WHERE ";

  private ReadExchange() {}

  static RecordedExchange from(Columns row) throws SQLException {
    long id = row.number();
    int run = (int) row.number();
    Instant started = row.instant();
    int flags = (int) row.number();
    OptionalInt status = row.optionalInt();
    Optional<Duration> duration = row.optionalDuration();
    Optional<String> error = row.optionalText();
    long requestBytes = row.number();
    long responseBytes = row.number();
    String url = row.text();
    String host = row.text();
    var client = new ClientProcess(row.optionalLong(), row.optionalText(), row.flag());
    long connection = row.number();
    boolean reused = row.flag();
    RequestHead request = HeadText.request(row.bytes().orElse(""));
    var response = response(row, status);
    var requestBody = new Body(requestBytes, row.number(), gap(row.optionalText()));
    var responseBody = new Body(responseBytes, row.number(), gap(row.optionalText()));
    OptionalLong decoded = row.optionalLong();
    var trailers = HeadText.headers(row.bytes().orElse(""), 0);
    Timings timings = timings(row);
    Optional<String> why = row.optionalText();
    Optional<String> detail = row.optionalText();
    ExchangeEnd end;
    if (duration.isEmpty()) {
      end = new ExchangeEnd.Pending();
    } else if (error.isPresent()) {
      end =
          new ExchangeEnd.Failed(
              duration.get(),
              named(FailureKind.values(), FailureKind::wireName, error.get(), FailureKind.RESET),
              detail.orElse(""));
    } else {
      end = new ExchangeEnd.Finished(duration.get(), decoded, trailers, timings);
    }
    return new RecordedExchange(
        id,
        run,
        started,
        connection,
        reused,
        client,
        url,
        host,
        request,
        response,
        end,
        requestBody,
        responseBody,
        tunnel(flags, why),
        Flag.REPLAYED.in(flags),
        Flag.MARKED.in(flags));
  }

  private static Optional<RecordedExchange.Response> response(Columns row, OptionalInt status)
      throws SQLException {
    Optional<String> head = row.bytes();
    Optional<String> remote = row.optionalText();
    Optional<Duration> after = row.optionalDuration();
    return head.map(text ->
        new RecordedExchange.Response(
            HeadText.response(text, status.orElse(0)),
            remote.orElse(""),
            after.orElse(Duration.ZERO)));
  }

  /** One that failed before it was opened has no reason of its own. */
  private static Optional<TunnelReason> tunnel(int flags, Optional<String> why) {
    return Flag.TUNNEL.in(flags)
        ? Optional.of(
            named(
                TunnelReason.values(),
                TunnelReason::wireName,
                why.orElse(""),
                TunnelReason.PASSTHROUGH))
        : Optional.empty();
  }

  private static BodyGap gap(Optional<String> name) {
    return name.map(word -> named(BodyGap.values(), BodyGap::wireName, word, BodyGap.TRUNCATED))
        .orElse(BodyGap.NONE);
  }

  private static <T> T named(T[] values, Function<T, String> name, String word, T otherwise) {
    return Arrays.stream(values)
        .filter(value -> name.apply(value).equals(word))
        .findFirst()
        .orElse(otherwise);
  }

  private static Timings timings(Columns row) throws SQLException {
    return new Timings(
        timing(row), timing(row), timing(row), timing(row), timing(row), timing(row), timing(row));
  }

  private static long timing(Columns row) throws SQLException {
    OptionalLong micros = row.optionalLong();
    return micros.isPresent() ? micros.getAsLong() * 1000 : Timings.NOT_APPLICABLE;
  }
}
