package dev.earshot.process;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How a command ended. Code and signal are what the kernel said (waitid(2)), never a guess.
 *
 * @param reason why it ended
 * @param exitCode the code it exited with; empty if a signal ended it or it was not started
 * @param signal the signal it died of, or the stop signal that it handled
 * @param requested whether a stop was asked for while it still lived
 * @param coreDumped whether it left a core dump
 * @param hadTerminal whether the terminal was handed over to it when it ended
 * @param pid its process id; empty if it was not started
 * @param startedAt when it was started, or the attempt was made
 * @param endedAt when it had ended
 * @param duration from start to end, by a monotonic clock
 * @param userTime CPU time it and its reaped children spent in user mode
 * @param systemTime the same in the kernel
 * @param maxRssKib its largest resident set, in KiB
 * @param startFailure why it could not be started
 * @param error one line about a failure to start, or of the controller
 * @param killed pids of its group that had to be killed
 * @param survivors what could not be ended
 */
public record ProcessResult(
    ExitReason reason,
    OptionalInt exitCode,
    Optional<Signal> signal,
    boolean requested,
    boolean coreDumped,
    boolean hadTerminal,
    OptionalLong pid,
    Instant startedAt,
    Instant endedAt,
    Duration duration,
    Duration userTime,
    Duration systemTime,
    long maxRssKib,
    Optional<StartFailure> startFailure,
    Optional<String> error,
    List<Long> killed,
    List<Survivor> survivors) {
  public ProcessResult {
    killed = List.copyOf(killed);
    survivors = List.copyOf(survivors);
  }

  /** The same with what the end of the group took. */
  ProcessResult afterGroup(List<Long> allKilled, List<Survivor> left) {
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
        error,
        allKilled,
        left);
  }
}
