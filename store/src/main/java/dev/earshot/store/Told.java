package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.session.EventWeight;
import dev.earshot.session.Stamped;
import java.nio.ByteBuffer;

/** What a capture was told, on its way to the writing thread. */
sealed interface Told {
  /** About how many bytes it takes while it waits. */
  long weight();

  /** An event. */
  record Event(Stamped stamped, long weight) implements Told {
    Event(Stamped stamped) {
      this(stamped, EventWeight.of(stamped.event()));
    }
  }

  /** Bytes of a body were given up: no more of it comes. */
  record Declined(long exchange, Direction direction) implements Told {
    @Override
    public long weight() {
      return 64;
    }
  }

  /** The next bytes of a body. */
  final class Piece implements Told {
    private static final long OBJECTS = 80;
    private final long exchange;
    private final Direction direction;
    private final byte[] bytes;

    /** Copies what the buffer holds. */
    Piece(long exchange, Direction direction, ByteBuffer content) {
      this.exchange = exchange;
      this.direction = direction;
      this.bytes = new byte[content.remaining()];
      content.get(bytes);
    }

    static long weight(ByteBuffer content) {
      return OBJECTS + content.remaining();
    }

    long exchange() {
      return exchange;
    }

    Direction direction() {
      return direction;
    }

    byte[] bytes() {
      return bytes;
    }

    @Override
    public long weight() {
      return OBJECTS + bytes.length;
    }
  }
}
