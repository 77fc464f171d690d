package dev.earshot.cli;

import dev.earshot.process.Descriptors;
import java.util.Map;

/**
 * Colours by their SGR codes (ECMA-48 section 8.3.117), from the eight that every terminal has and
 * its user has chosen to be readable; or none.
 *
 * @param on whether there are colours
 */
record Palette(boolean on) {
  private static final int STDOUT = 1;

  static final Palette NONE = new Palette(false);

  /** For standard output: where that is a terminal that knows colours and NO_COLOR is not set. */
  static Palette ofStandardOutput(Map<String, String> environment) {
    return new Palette(
        Descriptors.isTerminal(STDOUT)
            && environment.getOrDefault("NO_COLOR", "").isEmpty()
            && !environment.getOrDefault("TERM", "dumb").equals("dumb"));
  }

  String bold(String text) {
    return in("1", text);
  }

  String faint(String text) {
    return in("2", text);
  }

  String bad(String text) {
    return in("31", text);
  }

  /** By the class of a status code: good, elsewhere, the client's fault, the server's. */
  String status(int code, String text) {
    return switch (code / 100) {
      case 2 -> in("32", text);
      case 3 -> in("36", text);
      case 4 -> in("33", text);
      case 5 -> in("31", text);
      default -> text;
    };
  }

  private String in(String codes, String text) {
    return on ? "\u001b[" + codes + "m" + text + "\u001b[0m" : text;
  }
}
