package dev.earshot.exchange;

import java.time.Instant;

/**
 * A message within a recorded exchange.
 *
 * @param at when it was passed
 */
public record RecordedMessage(Instant at, Message message) {}
