package dev.earshot.cli;

import dev.earshot.process.ProcessResult;
import dev.earshot.process.Signal;
import dev.earshot.process.StartFailure;
import dev.earshot.process.Survivor;
import dev.earshot.session.SessionResult;
import dev.earshot.session.StopCause;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is said on stderr when a run is over: pure text. */
final class Summary {
  private Summary() {}

  /**
   * The one line about a run that took place.
   *
   * @param command the command, as text
   * @param took from start to end
   */
  static String line(SessionResult result, List<String> command, Duration took) {
    String calls =
        "%d %s%s in %s"
            .formatted(
                result.exchanges(),
                result.exchanges() == 1 ? "call" : "calls",
                result.failed() == 0 ? "" : ", " + result.failed() + " failed,",
                seconds(took));
    return calls + "; " + end(result, command.getFirst()) + forced(result) + kept(result);
  }

  /** What went around Earshot, as far as it was seen; empty if nothing was. */
  static Optional<String> bypassed(SessionResult result) {
    long count = result.bypassed().count();
    return result
        .bypassed()
        .first()
        .map(one ->
            "at least %d %s went around Earshot%s %s (%d) to %s: %s"
                .formatted(
                    count,
                    count == 1 ? "connection" : "connections",
                    count == 1 ? ":" : ", such as",
                    Launch.text(one.process()),
                    one.pid(),
                    EventJson.address(one.remote()),
                    one.hint()));
  }

  /** Why the command could not be started, or why Earshot failed; empty if neither is so. */
  static Optional<String> failure(SessionResult result, List<String> command) {
    Optional<StartFailure> startFailure = result.process().flatMap(ProcessResult::startFailure);
    return startFailure
        .map(failure ->
            "cannot start '%s': %s%s"
                .formatted(
                    command.getFirst(),
                    failure.errnoName(),
                    failure.hint().isEmpty() ? "" : ": " + Launch.text(failure.hint())))
        .or(result::failure)
        .or(() ->
            result.process().flatMap(ProcessResult::error).map(e -> "lost the command: " + e));
  }

  private static String end(SessionResult result, String command) {
    Optional<ProcessResult> process = result.process();
    String how = process.map(p -> command + " " + how(p)).orElse(command + " was not started");
    return switch (result.cause().kind()) {
      case TIMEOUT -> "stopped by --timeout: " + how;
      case SIGNAL -> "stopped by " + signalName(result.cause()) + ": " + how;
      case PROXY_FAILED -> "the proxy failed: " + how;
      case PROCESS_EXITED, PROCESS_FAILED, USER, API -> how;
    };
  }

  private static String signalName(StopCause cause) {
    return cause.signal().map(Enum::name).orElse("a signal");
  }

  private static String how(ProcessResult process) {
    return switch (process.reason()) {
      case NATURAL -> "exited with " + process.exitCode().orElse(0);
      case SIGNAL ->
          process.exitCode().isPresent()
              ? "was stopped and exited with " + process.exitCode().getAsInt()
              : "was ended by "
                  + Signal.nameOf(process.signal().orElse(0))
                  + (process.coreDumped() ? " (core dumped)" : "");
      case FORCED_KILL -> "had to be killed";
      case START_FAILED -> "was not started";
      case RUNTIME_ERROR -> "was lost";
    };
  }

  private static String forced(SessionResult result) {
    int others = result.forced().processes();
    int survivors = result.process().map(p -> p.survivors().size()).orElse(0);
    String text =
        others == 0 ? "" : "; " + others + (others == 1 ? " process" : " processes") + " killed";
    return survivors == 0 ? text : text + "; " + survivors + " could not be ended";
  }

  private static String kept(SessionResult result) {
    List<Survivor> kept = result.process().map(ProcessResult::kept).orElse(List.of());
    return kept.isEmpty()
        ? ""
        : kept.stream()
            .map(each -> "%s (%d)".formatted(each.name(), each.pid()))
            .collect(Collectors.joining(", ", "; kept: ", ""));
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
  }
}
