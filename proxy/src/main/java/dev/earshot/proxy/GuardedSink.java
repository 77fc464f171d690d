package dev.earshot.proxy;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.TrafficEvent;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;

/** Whoever listens must not be able to break the traffic: what it throws is logged. */
record GuardedSink(TrafficSink sink) implements TrafficSink {
  private static final System.Logger LOG = System.getLogger(GuardedSink.class.getName());

  @Override
  public void accept(TrafficEvent event) {
    try {
      sink.accept(event);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "an event was not taken", e);
    }
  }

  @Override
  public boolean body(long exchange, Direction direction, ByteBuffer content) {
    try {
      return sink.body(exchange, direction, content);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a body was not taken", e);
      return false;
    }
  }

  @Override
  public long bodyLimit() {
    return sink.bodyLimit();
  }

  @Override
  public boolean isCongested() {
    return sink.isCongested();
  }
}
