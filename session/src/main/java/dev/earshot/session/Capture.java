package dev.earshot.session;

import dev.earshot.exchange.Direction;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What keeps the record of one session: it gets every event and the bodies. All methods but {@link
 * #finish} are called on threads that must not wait, several at a time; none throws, whatever
 * becomes of the disk. The calls about one exchange come one after the other.
 */
public interface Capture {
  /** Keeps nothing. */
  Capture NONE = new NoCapture(Optional.empty());

  /**
   * Keeps nothing, though that was not asked for: the session says so in a warning.
   *
   * @param why such as {@code /home/me/.local/state/earshot/captures: read-only file system}
   */
  static Capture impossible(String why) {
    return new NoCapture(Optional.of(why));
  }

  /**
   * Called once, before anything else.
   *
   * @param tell publishes a warning, such as that the disk is full
   */
  void begin(Consumer<SessionEvent> tell);

  /** Takes the next event. None is dropped, but by a capture that had to be turned off. */
  void event(Stamped event);

  /**
   * Takes a piece of a body, without the framing of chunks; comes after the start of its exchange
   * and before its end.
   *
   * @param content is borrowed: its bytes are another's when this returns; all of it is taken
   * @return false if it was not taken; then no more of this body is offered
   */
  boolean body(long exchange, Direction direction, ByteBuffer content);

  /** How many bytes of one body are offered at most; 0 for none. */
  long bodyLimit();

  /** Whether so much waits to be written that a new exchange should wait a moment. */
  boolean isCongested();

  /**
   * Writes what is left with the session's result, and closes; takes 2 s at most. Nothing comes
   * after it but the last event, {@link SessionEvent.Stopped}, which may be ignored.
   *
   * @return what is to be told of it; empty if nothing was ever to be recorded
   */
  Optional<SessionEvent.CaptureClosed> finish(SessionResult result);
}
