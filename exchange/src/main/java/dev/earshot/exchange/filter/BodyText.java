package dev.earshot.exchange.filter;

import dev.earshot.exchange.Direction;
import java.io.IOException;

/** The bodies of one exchange as text: decoded, as far as they are kept. */
@FunctionalInterface
public interface BodyText {
  /** Of an exchange without bodies. */
  BodyText NONE = _ -> "";

  /**
   * The text of a body; empty if there is none, or none can be made of it. Asked at most once of
   * each direction.
   *
   * @param direction {@link Direction#UP} for the request's body, {@link Direction#DOWN} for the
   *     response's
   */
  CharSequence of(Direction direction) throws IOException;
}
