package dev.earshot.process;

import java.util.ArrayList;
import java.util.List;

/**
 * Process numbers of their own, with a shell as their first: whatever is in there goes with it, so
 * that nothing can outlive a test (unshare(1), Debian package util-linux).
 */
final class Namespace {
  /** Runs its arguments, says that they have ended, and stays until its input ends. */
  private static final String FIRST =
      "\"$@\" & exec 200>&-; wait $!; echo gone; read -r _";

  private Namespace() {}

  /** The same command in there. */
  static CommandSpec of(CommandSpec spec) {
    List<String> words = new ArrayList<>(List.of("unshare", "-pf", "--kill-child", "--mount-proc"));
    if (!System.getProperty("user.name", "").equals("root")) {
      words.add("--map-root-user");
    }
    words.addAll(List.of("bash", "-c", FIRST, "bash"));
    words.addAll(spec.argv());
    return CommandSpec.of(words.toArray(String[]::new))
        .withEnvironment(spec.environment())
        .withLaunch(spec.launch());
  }
}
