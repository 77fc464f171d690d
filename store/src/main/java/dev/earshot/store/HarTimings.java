package dev.earshot.store;

import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Timings;
import java.time.Duration;

/**
 * Where the time of an exchange went as HAR 1.2 counts it, in microseconds: {@code ssl} is a part
 * of {@code connect}, a phase that did not take place is -1, and the last three are never negative.
 */
record HarTimings(
    long blocked, long dns, long connect, long ssl, long send, long waiting, long receive) {
  private static final long NONE = -1;

  static HarTimings of(RecordedExchange exchange) {
    return switch (exchange.end()) {
      case ExchangeEnd.Finished finished -> of(finished.timings());
      case ExchangeEnd.Failed(var duration, _, _) -> known(exchange, duration);
      case ExchangeEnd.Pending _ -> known(exchange, Duration.ZERO);
    };
  }

  private static HarTimings of(Timings timings) {
    long connect = micros(timings.connect());
    long ssl = micros(timings.tls());
    long both = connect < 0 ? ssl : connect + Math.max(ssl, 0);
    return new HarTimings(
        micros(timings.blocked()),
        micros(timings.dns()),
        both,
        ssl,
        Math.max(micros(timings.send()), 0),
        Math.max(micros(timings.waiting()), 0),
        Math.max(micros(timings.receive()), 0));
  }

  /** Of one without timings: when its response began, if that is known, and how long it took. */
  private static HarTimings known(RecordedExchange exchange, Duration duration) {
    long whole = Math.max(micros(duration.toNanos()), 0);
    long response =
        exchange.response().map(it -> Math.max(micros(it.sinceStart().toNanos()), 0)).orElse(whole);
    return new HarTimings(NONE, NONE, NONE, NONE, 0, response, Math.max(whole - response, 0));
  }

  private static long micros(long nanos) {
    return nanos < 0 ? NONE : nanos / 1_000;
  }

  /** The whole time: the sum of all phases that took place. */
  long time() {
    return Math.max(blocked, 0)
        + Math.max(dns, 0)
        + Math.max(connect, 0)
        + send
        + waiting
        + receive;
  }
}
