package dev.earshot.proxy;

import dev.earshot.exchange.Direction;
import java.nio.ByteBuffer;

/** Offers the beginning of one body to whoever keeps it. On one event loop. */
final class BodyCopy {
  private final TrafficSink sink;
  private final long exchange;
  private final Direction direction;
  private final long limit;
  private long taken;
  private boolean declined;

  BodyCopy(TrafficSink sink, long exchange, Direction direction) {
    this.sink = sink;
    this.exchange = exchange;
    this.direction = direction;
    this.limit = sink.bodyLimit();
  }

  /** Whether {@link #offer} is of use. */
  boolean wants() {
    return taken < limit && !declined;
  }

  /** The next bytes; the buffer stays as it is. */
  void offer(ByteBuffer content) {
    if (!wants() || !content.hasRemaining()) {
      return;
    }
    int length = (int) Math.min(content.remaining(), limit - taken);
    if (sink.body(exchange, direction, content.slice(content.position(), length))) {
      taken += length;
    } else {
      declined = true;
    }
  }

  /** Whether a body of this size is not kept whole, though bodies are kept. */
  boolean isCut(long bytes) {
    return limit > 0 && taken < bytes;
  }
}
