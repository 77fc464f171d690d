package dev.earshot.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.StartFailure.Stage;
import dev.earshot.process.posix.Errno;
import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Outcome;
import dev.earshot.process.posix.Spawn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The start of a command: each stage in turn, so that a failure is known for what it is. */
final class Start {
  private static final int NO_TERMINAL = -1;

  private final Posix posix;
  private final CommandSpec spec;

  Start(Posix posix, CommandSpec spec) {
    this.posix = posix;
    this.spec = spec;
  }

  /** A start that succeeded or failed. */
  sealed interface Started {
    /** The command runs, as the leader of a group of its own. */
    record Running(long pid) implements Started {}

    /** No process was made. */
    record Failed(StartFailure why) implements Started {}
  }

  /**
   * Starts the command.
   *
   * @param stdio the descriptors for its standard streams; -1 for closed
   * @param terminal a terminal to hand over to it before it runs, or empty
   */
  Started run(List<Integer> stdio, Optional<Integer> terminal) {
    if (hasNul()) {
      return new Started.Failed(
          new StartFailure(
              Stage.ARGV, 0, "EINVAL", "an argument or variable contains a NUL", "", false));
    }
    if (spec.directory().isEmpty()) {
      return in(Posix.AT_FDCWD, stdio, terminal);
    }
    byte[] directory = bytes(spec.directory().get());
    return switch (posix.openFolder(directory)) {
      case Outcome.Failed(int errno) -> new Started.Failed(badDirectory(errno));
      case Outcome.Ok(int folder) -> {
        try {
          int errno = posix.executable(folder, bytes("."));
          yield errno == 0
              ? in(folder, stdio, terminal)
              : new Started.Failed(badDirectory(errno));
        } finally {
          posix.close(folder);
        }
      }
    };
  }

  private Started in(int folder, List<Integer> stdio, Optional<Integer> terminal) {
    var executable = new Executable(posix, folder);
    var found =
        executable.find(
            raw(spec.argv().getFirst()), Optional.ofNullable(spec.environment().get("PATH")).map(this::raw));
    return switch (found) {
      case Executable.Found.Nothing(var why) -> new Started.Failed(why);
      case Executable.Found.File(var file) ->
          switch (spawn(file, folder, stdio, terminal).start(posix)) {
            case Outcome.Ok(int pid) -> new Started.Running(pid);
            case Outcome.Failed(int errno) ->
                new Started.Failed(executable.diagnose(file, errno));
          };
    };
  }

  private Spawn spawn(
      String file, int folder, List<Integer> stdio, Optional<Integer> terminal) {
    List<String> environment = new ArrayList<>();
    for (Map.Entry<String, String> variable : spec.environment().entrySet()) {
      environment.add(raw(variable.getKey() + "=" + variable.getValue()));
    }
    return new Spawn(
        file,
        spec.argv().stream().map(this::raw).toList(),
        environment,
        folder,
        stdio,
        spec.launch().descriptors(),
        spec.launch().ignored(),
        spec.launch().blocked(),
        terminal.orElse(NO_TERMINAL));
  }

  private StartFailure badDirectory(int errno) {
    String problem =
        switch (Errno.name(errno)) {
          case "ENOENT" -> "its working directory does not exist";
          case "ENOTDIR" -> "its working directory is not a directory";
          case "EACCES" -> "its working directory may not be entered";
          default -> "its working directory cannot be opened";
        };
    return new StartFailure(
        Stage.CWD, errno, Errno.name(errno), problem, "check " + spec.directory().orElse("."), false);
  }

  private boolean hasNul() {
    return spec.argv().stream().anyMatch(Start::hasNul)
        || spec.environment().entrySet().stream()
            .anyMatch(v -> hasNul(v.getKey()) || hasNul(v.getValue()))
        || spec.directory().filter(Start::hasNul).isPresent();
  }

  private static boolean hasNul(String text) {
    return text.indexOf('\0') >= 0;
  }

  private byte[] bytes(String text) {
    return text.getBytes(spec.charset());
  }

  /** The bytes of a text, one a char. */
  private String raw(String text) {
    return new String(bytes(text), ISO_8859_1);
  }
}
