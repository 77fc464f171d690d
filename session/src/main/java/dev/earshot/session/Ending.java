package dev.earshot.session;

import dev.earshot.process.ProcessResult;
import java.time.Duration;
import java.util.Optional;

/**
 * What the parts of a session said at their ends.
 *
 * @param process how the last run ended; empty if there was none
 * @param forcedConnections connections that were cut while busy
 * @param failure why something of ours failed
 * @param drain how long the proxy took
 */
record Ending(
    Optional<ProcessResult> process,
    int forcedConnections,
    Optional<String> failure,
    Duration drain) {

  /** The same end, because something of ours failed. */
  Ending because(String problem) {
    return new Ending(process, forcedConnections, Optional.of(problem), drain);
  }

  /** An end because something of ours failed. */
  static Ending failed(String problem) {
    return new Ending(Optional.empty(), 0, Optional.of(problem), Duration.ZERO);
  }
}
