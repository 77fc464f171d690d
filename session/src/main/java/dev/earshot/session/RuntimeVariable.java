package dev.earshot.session;

import java.util.ArrayList;
import java.util.List;

/**
 * A variable that a session sets for a family of clients, as people are told of it.
 *
 * @param name its name
 * @param purpose what it does, without a full stop
 * @param onlyIfSet it is set only where the user has set it, too
 */
public record RuntimeVariable(String name, String purpose, boolean onlyIfSet) {

  /** Those of one family, in the order in which they are set. */
  public static List<RuntimeVariable> of(ClientRuntime runtime) {
    List<RuntimeVariable> variables = new ArrayList<>();
    for (ChildVariable each : ChildVariable.ALL) {
      if (each.runtime() == runtime) {
        variables.add(
            new RuntimeVariable(
                each.name(), purpose(each), each.presence() == ChildVariable.Presence.IF_SET));
      }
    }
    switch (runtime) {
      case GENERIC -> {
        variables.add(new RuntimeVariable(ChildEnvironment.MARKER, "the session's id", false));
        variables.add(
            new RuntimeVariable("EARSHOT_MARK", "by which the session finds its processes", false));
      }
      case JAVA -> {
        String both = "the proxy, and a trust store with everything trusted before";
        variables.add(new RuntimeVariable("JAVA_TOOL_OPTIONS", both + ", for every JVM", false));
        String later = both + ", where it overrides those of JAVA_TOOL_OPTIONS";
        variables.add(new RuntimeVariable("JDK_JAVA_OPTIONS", later, true));
        variables.add(new RuntimeVariable("_JAVA_OPTIONS", later, true));
      }
      case PHP ->
          variables.add(
              new RuntimeVariable(
                  "PHP_INI_SCAN_DIR", "one folder more, with the certificates to trust", false));
      case WGET ->
          variables.add(
              new RuntimeVariable(
                  "WGETRC", "the user's settings, and the certificates to trust", false));
      default -> {
        // All of its variables are in the table.
      }
    }
    return variables;
  }

  private static String purpose(ChildVariable variable) {
    return switch (variable.content()) {
      case PROXY -> "the proxy";
      case EMPTY -> "no host goes around the proxy, which keeps to the user's own exceptions";
      case ONE -> "lets the client look at the proxy's variables";
      case COMBINED_CA -> "certificates to trust: all those trusted before, and Earshot's";
      case EXTRA_CA -> "certificates to trust in addition: the user's, if any, and Earshot's";
    };
  }
}
