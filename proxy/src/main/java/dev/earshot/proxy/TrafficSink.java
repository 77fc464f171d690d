package dev.earshot.proxy;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.TrafficEvent;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Gets what a proxy sees, on its event loops: no method may wait or throw. What concerns one
 * exchange comes in order. A plain consumer of events is one that wants no bodies.
 */
@FunctionalInterface
public interface TrafficSink extends Consumer<TrafficEvent> {
  /**
   * A piece of a body, without the framing of chunks: after the start of its exchange, before its
   * end.
   *
   * @param content is borrowed: its bytes are another's when this returns; all of it is taken
   * @return false if it was not taken; then no more of this body is offered
   */
  default boolean body(long exchange, Direction direction, ByteBuffer content) {
    return false;
  }

  /** How many bytes of one body are wanted at most; 0 for none. */
  default long bodyLimit() {
    return 0;
  }

  /** Whether a new exchange should wait a moment, as what was told before still waits. */
  default boolean isCongested() {
    return false;
  }
}
