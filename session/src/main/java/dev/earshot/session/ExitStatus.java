package dev.earshot.session;

import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.StartFailure;
import java.util.Optional;

/** The exit code of {@code earshot run}: pure rules, the first that applies wins. */
final class ExitStatus {
  private static final int OURS = 125;
  private static final int CANNOT_EXECUTE = 126;
  private static final int NOT_FOUND = 127;
  private static final int TIMED_OUT = 124;
  private static final int BY_SIGNAL = 128;

  private ExitStatus() {}

  /**
   * The code a shell would see.
   *
   * @param cause why the session stopped
   * @param process how the command ended; empty if it was not begun
   * @param broken whether Earshot itself failed
   */
  static int of(StopCause cause, Optional<ProcessResult> process, boolean broken) {
    if (broken || cause.kind() == StopCause.Kind.PROXY_FAILED) {
      return OURS;
    }
    Optional<StartFailure> startFailure = process.flatMap(ProcessResult::startFailure);
    if (startFailure.isPresent()) {
      return startFailure(startFailure.get());
    }
    if (process.filter(p -> p.reason() == ExitReason.RUNTIME_ERROR).isPresent()) {
      return OURS;
    }
    return switch (cause.kind()) {
      case TIMEOUT -> TIMED_OUT;
      case SIGNAL -> BY_SIGNAL + cause.signal().orElseThrow().number();
      case PROCESS_EXITED, PROCESS_FAILED, PROXY_FAILED, USER, API ->
          process.map(ExitStatus::ofCommand).orElse(0);
    };
  }

  private static int startFailure(StartFailure failure) {
    return switch (failure.stage()) {
      case EXEC -> failure.commandAbsent() ? NOT_FOUND : CANNOT_EXECUTE;
      case ARGV, CWD, LIMITS, TTY -> OURS;
    };
  }

  private static int ofCommand(ProcessResult process) {
    return process
        .exitCode()
        .orElseGet(
            () -> process.signal().isPresent() ? BY_SIGNAL + process.signal().getAsInt() : 0);
  }
}
