package dev.earshot.exchange;

import java.io.IOException;
import java.io.InputStream;

/** Where the kept bytes of one exchange's bodies are read from. */
@FunctionalInterface
public interface BodySource {
  /** A source of an exchange without bodies. */
  BodySource NONE = direction -> InputStream.nullInputStream();

  /**
   * The kept bytes as they were on the wire, without the framing of chunks, from the first on; to
   * be closed by the caller. Never holds the whole body in memory.
   *
   * @param direction {@link Direction#UP} for the request's body, {@link Direction#DOWN} for the
   *     response's
   */
  InputStream open(Direction direction) throws IOException;
}
