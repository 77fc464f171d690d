package dev.earshot.session;

import java.time.Instant;

/**
 * An event with its place in the session's one order.
 *
 * @param sequence counted from 1 without gaps over all events of the session
 * @param at when it was published
 * @param event the fact
 */
public record Stamped(long sequence, Instant at, SessionEvent event) {}
