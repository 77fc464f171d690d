package dev.earshot.cli;

import dev.earshot.process.Leftovers;
import dev.earshot.session.CrashedSessions;
import dev.earshot.session.LeftoverVerdict;
import dev.earshot.session.SessionRecord;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What {@code earshot doctor} says of the folders of sessions: pure functions. */
final class DoctorText {
  private static final long KIB = 1024;

  private DoctorText() {}

  /** A line with a heading of a fixed width. */
  static String line(String heading, String text) {
    return "%-12s".formatted(heading) + " " + text;
  }

  private static String inner(String heading, String text) {
    return line("  " + heading, text);
  }

  /** Whether something is left over, or may be. */
  static boolean isLeft(LeftoverVerdict verdict) {
    return switch (verdict) {
      case LeftoverVerdict.Live _, LeftoverVerdict.Starting _ -> false;
      case LeftoverVerdict.Busy _,
          LeftoverVerdict.Unproven _,
          LeftoverVerdict.FilesOnly _,
          LeftoverVerdict.Crashed _ ->
          true;
    };
  }

  /** One folder as it is. */
  static List<String> look(CrashedSessions.Look look) {
    List<String> lines = new ArrayList<>(heading(look));
    if (look.verdict() instanceof LeftoverVerdict.Crashed
        || look.verdict() instanceof LeftoverVerdict.FilesOnly) {
      look.processes().forEach(each -> lines.add(inner("process", process(each))));
      lines.add(inner("folder", look.folder() + ", " + size(look.bytes())));
      look.group().ifPresent(it -> lines.add(inner("cgroup", it)));
      look.listener().ifPresent(it -> lines.add(inner("port", listener(it))));
    }
    return lines;
  }

  /** One folder after it was cleaned up. */
  static List<String> cleaned(CrashedSessions.Cleaned cleaned) {
    CrashedSessions.Look look = cleaned.look();
    List<String> lines = new ArrayList<>();
    if (look.verdict() instanceof LeftoverVerdict.Crashed
        || look.verdict() instanceof LeftoverVerdict.FilesOnly) {
      lines.addAll(heading(look));
      cleaned.ended().killed().forEach(each -> lines.add(inner("ended", process(each))));
      cleaned.ended().left().stream()
          .filter(each -> each.standing() == Leftovers.Standing.KEPT)
          .forEach(each -> lines.add(inner("kept", process(each))));
      if (cleaned.problems().isEmpty()) {
        look.group().ifPresent(it -> lines.add(inner("removed", it)));
        lines.add(inner("removed", look.folder() + ", " + size(look.bytes())));
      }
      look.listener().ifPresent(it -> lines.add(inner("port", listener(it))));
    } else if (!isLeft(look.verdict())) {
      lines.addAll(heading(look));
    }
    cleaned.problems().forEach(why -> lines.add(line("refused", look.folder() + ": " + why)));
    return lines;
  }

  private static List<String> heading(CrashedSessions.Look look) {
    return switch (look.verdict()) {
      case LeftoverVerdict.Live(Optional<SessionRecord> record) ->
          List.of(
              line(
                  "live",
                  record.map(DoctorText::session).orElse(look.folder().toString())
                      + record.map(it -> ", process " + it.earshot().pid()).orElse("")));
      case LeftoverVerdict.Starting() -> List.of(line("starting", look.folder().toString()));
      case LeftoverVerdict.Busy(var record) ->
          List.of(line("crashed", session(record) + "; another process cleans it up"));
      case LeftoverVerdict.Unproven(var why) ->
          List.of(line("unproven", look.folder() + ": " + why));
      case LeftoverVerdict.FilesOnly(var record) ->
          List.of(line("crashed", session(record) + ", before the machine started again"));
      case LeftoverVerdict.Crashed(var record) -> List.of(line("crashed", session(record)));
    };
  }

  private static String session(SessionRecord record) {
    return record.id() + ", started " + record.started().truncatedTo(ChronoUnit.SECONDS);
  }

  private static String process(Leftovers.Found each) {
    String signs =
        each.signs().stream()
            .sorted()
            .map(Leftovers.Sign::wireName)
            .collect(Collectors.joining(", "));
    String standing =
        switch (each.standing()) {
          case OURS -> "";
          case KEPT -> "; may live on (--keep)";
          case OTHER_USER -> "; of user " + each.user();
          case RUNS_US -> "; runs this command";
        };
    return each.pid() + " " + each.name() + " (" + signs + standing + ")";
  }

  private static String listener(CrashedSessions.Listener listener) {
    String address =
        listener.address().getAddress().getHostAddress() + ":" + listener.address().getPort();
    String who =
        listener.process().pid().isPresent()
            ? "process "
                + listener.process().pid().getAsLong()
                + listener.process().name().map(it -> " (" + it + ")").orElse("")
            : "a process that is not known";
    return address + ": " + who + " listens there now";
  }

  /** Rounded up. */
  static String size(long bytes) {
    return bytes < KIB
        ? bytes + " B"
        : String.format(Locale.ROOT, "%d KiB", (bytes + KIB - 1) / KIB);
  }
}
