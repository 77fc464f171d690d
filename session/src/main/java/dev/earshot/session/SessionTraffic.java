package dev.earshot.session;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.proxy.TrafficSink;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Where a session's proxy tells what it sees: the facts go to the log, the bodies to the record.
 */
record SessionTraffic(Consumer<TrafficEvent> events, Capture capture) implements TrafficSink {
  @Override
  public void accept(TrafficEvent event) {
    events.accept(event);
  }

  @Override
  public boolean body(long exchange, Direction direction, ByteBuffer content) {
    return capture.body(exchange, direction, content);
  }

  @Override
  public long bodyLimit() {
    return capture.bodyLimit();
  }

  @Override
  public boolean isCongested() {
    return capture.isCongested();
  }
}
