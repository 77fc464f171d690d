package dev.earshot.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where a command may be: the rules of execvp(3), without looking at files. */
final class CommandPath {
  /** What execvp uses without {@code PATH}. */
  private static final String DEFAULT_PATH = "/bin:/usr/bin";

  private CommandPath() {}

  /** Names to try in this order. An empty entry of the path is the working directory. */
  static List<String> candidates(String name, Optional<String> path) {
    if (name.isEmpty() || name.contains("/")) {
      return List.of(name);
    }
    List<String> candidates = new ArrayList<>();
    for (String directory : path.orElse(DEFAULT_PATH).split(":", -1)) {
      candidates.add((directory.isEmpty() ? "." : directory) + "/" + name);
    }
    return candidates;
  }

  /** Whether the next candidate is tried after this error. */
  static boolean goesOn(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENOTDIR, Errno.EACCES, Errno.ENODEV, Errno.ESTALE, Errno.ETIMEDOUT ->
          true;
      default -> false;
    };
  }
}
