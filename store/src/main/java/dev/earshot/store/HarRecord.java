package dev.earshot.store;

import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import dev.earshot.session.CaptureView;

/**
 * What an entry of an archive is made of.
 *
 * @param messages those of the exchange, in their order; gone through once, and not held; reading
 *     them may throw an {@link java.io.UncheckedIOException}
 * @param bodies of the exchange
 */
public record HarRecord(
    RecordedExchange exchange, Iterable<RecordedMessage> messages, BodySource bodies) {

  /** One that a capture has. */
  public static HarRecord of(CaptureView view, RecordedExchange exchange) {
    return new HarRecord(
        exchange, new CapturedMessages(view, exchange.id()), view.bodies(exchange.id()));
  }
}
