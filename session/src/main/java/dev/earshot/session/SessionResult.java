package dev.earshot.session;

import dev.earshot.process.ProcessResult;
import java.time.Duration;
import java.util.Optional;

/**
 * How a session ended.
 *
 * @param cause why it stopped
 * @param process how the last run of the command ended; empty if none was begun
 * @param exitCode what a shell would see of {@code earshot run}, 0 to 255
 * @param exchanges exchanges that began, in all runs together
 * @param failed exchanges that failed
 * @param bypassed what is known to have gone around Earshot, in all runs together
 * @param droppedEvents events that slow subscribers missed, all together
 * @param forced what did not end by itself, in all runs together
 * @param phases how long each part of the end took: of the last run's end, which was before the
 *     session's if that stayed open, and of the proxy's
 * @param failure why Earshot itself or its proxy failed, as one line; empty if neither did
 */
public record SessionResult(
    StopCause cause,
    Optional<ProcessResult> process,
    int exitCode,
    long exchanges,
    long failed,
    Bypass.Seen bypassed,
    long droppedEvents,
    Forced forced,
    Phases phases,
    Optional<String> failure) {

  /**
   * What had to be forced.
   *
   * @param processes processes that were killed after the grace, for a stop or for a restart
   * @param connections connections that were cut while busy
   */
  public record Forced(int processes, int connections) {}

  /**
   * How long each step of the stop sequence took; zero for a step that was not needed.
   *
   * @param terminate from the stop signal to the end of the command, or to the kill
   * @param waitTree from the end of the command to the end of its tree, or to the kill
   * @param kill from the kill to the end of the tree
   * @param drain closing the proxy
   * @param flush closing the capture, removing the session's files
   */
  public record Phases(
      Duration terminate, Duration waitTree, Duration kill, Duration drain, Duration flush) {}
}
