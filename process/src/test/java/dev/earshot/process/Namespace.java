package dev.earshot.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Process numbers of their own, with a shell as their first: whatever is in there goes with it, so
 * that nothing can outlive a test (unshare(1), Debian package util-linux).
 */
final class Namespace {
  /**
   * Opens the FIFO of an {@link Oracle}, runs the other arguments and kills that program when told
   * to; says when it has ended, and stays until its own input ends. It does not inherit the
   * descriptor, as unshare would hold it as well.
   */
  private static final String FIRST =
      """
      exec %1$d>"$1"
      shift
      "$@" &
      exec %1$d>&-
      read -r _
      kill -KILL $!
      wait $! 2> /dev/null
      echo gone
      read -r _
      """
          .formatted(Oracle.DESCRIPTOR);

  private Namespace() {}

  /** The same command in there, with the descriptor of the oracle at this path. */
  static CommandSpec of(Path oracle, CommandSpec spec) {
    List<String> words = new ArrayList<>(List.of("unshare", "-pf", "--kill-child", "--mount-proc"));
    if (!System.getProperty("user.name", "").equals("root")) {
      words.add("--map-root-user");
    }
    words.addAll(List.of("bash", "-c", FIRST, "bash", oracle.toString()));
    words.addAll(spec.argv());
    return CommandSpec.of(words.toArray(String[]::new)).withEnvironment(spec.environment());
  }
}
