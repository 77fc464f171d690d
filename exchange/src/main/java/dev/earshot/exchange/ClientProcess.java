package dev.earshot.exchange;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which process made a connection, as far as it is known.
 *
 * @param pid its process id
 * @param name the name of its program
 * @param owned whether it belongs to the session's process tree
 */
public record ClientProcess(OptionalLong pid, Optional<String> name, boolean owned) {
  /** A process that could not be found out; not taken for one of the session's. */
  public static final ClientProcess UNKNOWN =
      new ClientProcess(OptionalLong.empty(), Optional.empty(), false);
}
