package dev.earshot.session;

import dev.earshot.exchange.Direction;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A session without a record.
 *
 * @param why it has none, if that was not asked for
 */
record NoCapture(Optional<String> why) implements Capture {
  @Override
  public void begin(Consumer<SessionEvent> tell) {}

  @Override
  public void event(Stamped event) {}

  @Override
  public boolean body(long exchange, Direction direction, ByteBuffer content) {
    return false;
  }

  @Override
  public long bodyLimit() {
    return 0;
  }

  @Override
  public boolean isCongested() {
    return false;
  }

  @Override
  public Optional<SessionEvent.CaptureClosed> finish(SessionResult result) {
    return Optional.empty();
  }
}
