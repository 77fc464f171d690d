package dev.earshot.exchange.snippet;

import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;

/**
 * What a snippet is written from.
 *
 * @param exchange whose request is to be sent again, or which is reported
 * @param wire its bodies as they were on the wire
 * @param decoded its bodies without their content coding, where that could be taken off; as on the
 *     wire where not. Only a report looks at it.
 * @param redaction what is masked; bodies are masked here too
 */
public record Snippet(
    RecordedExchange exchange, BodySource wire, BodySource decoded, Redaction redaction) {
  /** One whose bodies nobody decodes: a report shows none that has a content coding. */
  public Snippet(RecordedExchange exchange, BodySource wire, Redaction redaction) {
    this(exchange, wire, wire, redaction);
  }
}
