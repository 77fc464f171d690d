package dev.earshot.process;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How a command ended. Code and signal are what the kernel said, never a guess from 128+n.
 *
 * @param exitCode 0 to 255; there if it exited by itself or on the stop signal
 * @param signal number of the signal it died of, or on which it exited; see {@link Signal#ofNumber}
 * @param requested it was alive when its stop was asked for and the signal went out
 * @param hadTerminal the terminal was handed over to it when it ended
 * @param startedAt when the start was tried, if it failed
 * @param endedAt when the command itself ended; others of its tree may have lived longer
 * @param userTime processor time, with that of the children it waited for
 * @param systemTime the same, spent in the kernel
 * @param maxRssKib peak memory in KiB of the largest of these processes; empty if it was below this
 *     program's own, which the kernel counts in for a process that is started without a copy of it
 * @param startFailure there if, and only if, the reason is {@link ExitReason#START_FAILED}
 * @param error there if something went wrong while watching it, such as a failed listener
 * @param killed pids of its tree that KILL was sent to
 * @param survivors what lived on all the same
 * @param kept what lives on because it may
 */
public record ProcessResult(
    ExitReason reason,
    OptionalInt exitCode,
    OptionalInt signal,
    boolean requested,
    boolean coreDumped,
    boolean hadTerminal,
    OptionalLong pid,
    Instant startedAt,
    Instant endedAt,
    Duration duration,
    Duration userTime,
    Duration systemTime,
    OptionalLong maxRssKib,
    Optional<StartFailure> startFailure,
    Optional<String> error,
    List<Long> killed,
    List<Survivor> survivors,
    List<Survivor> kept) {

  public ProcessResult {
    killed = List.copyOf(killed);
    survivors = List.copyOf(survivors);
    kept = List.copyOf(kept);
  }

  ProcessResult withTree(
      List<Long> killedPids,
      List<Survivor> left,
      List<Survivor> livingOn,
      Optional<String> problem) {
    return new ProcessResult(
        reason,
        exitCode,
        signal,
        requested,
        coreDumped,
        hadTerminal,
        pid,
        startedAt,
        endedAt,
        duration,
        userTime,
        systemTime,
        maxRssKib,
        startFailure,
        error.or(() -> problem),
        killedPids,
        left,
        livingOn);
  }
}
