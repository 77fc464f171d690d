package dev.earshot.store;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A capture and its session, at a glance.
 *
 * @param version of the Earshot that wrote it
 * @param command as written, masked if the capture is
 * @param masked whether secrets were masked before they were written
 * @param ended empty if it goes on, or crashed
 * @param cause why it stopped, as in the event {@code session.stopped}
 * @param exchanges tunnels counted in
 * @param failed those of the exchanges that failed
 * @param bytes on the disk
 */
public record CaptureFacts(
    Path file,
    String id,
    String version,
    List<String> command,
    String directory,
    boolean masked,
    Instant started,
    State state,
    Optional<Instant> ended,
    Optional<String> cause,
    OptionalInt exitCode,
    long exchanges,
    long failed,
    long bodiesGivenUp,
    long bytes) {

  /** What has become of the session. */
  public enum State {
    /** It goes on: its process lives. */
    LIVE,
    /** It ended, and the capture was closed. */
    ENDED,
    /** Its process died: what it wrote last may be missing. */
    CRASHED
  }

  public CaptureFacts {
    command = List.copyOf(command);
  }
}
