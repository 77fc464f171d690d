package dev.earshot.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Names processes that may outlive their run: {@code *} stands for any text, {@code ?} for one
 * character. It must match the whole of the process's name, of its program's file name, or of its
 * command line with the arguments separated by one space.
 */
public record KeepPattern(String glob) {
  public KeepPattern {
    if (glob.isBlank()) {
      throw new IllegalArgumentException("a pattern is not empty");
    }
  }

  boolean matches(String name, String commandLine) {
    String program = commandLine.substring(0, (commandLine + " ").indexOf(' '));
    return matches(name)
        || matches(program.substring(program.lastIndexOf('/') + 1))
        || matches(commandLine);
  }

  private boolean matches(String text) {
    return regex().matcher(text).matches();
  }

  private Pattern regex() {
    var regex = new StringBuilder();
    for (String piece : glob.splitWithDelimiters("[*?]", 0)) {
      regex.append(
          switch (piece) {
            case "*" -> ".*";
            case "?" -> ".";
            default -> Pattern.quote(piece);
          });
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** The same for {@code case} of a shell, to which brackets and backslashes mean more. */
  String forShell() {
    return glob.replace("\\", "\\\\").replace("[", "\\[");
  }

  /** The command line of a process, as patterns see it; empty if it is gone. */
  static String commandLine(long pid) {
    try {
      byte[] arguments = Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline"));
      return new String(arguments, StandardCharsets.UTF_8).replace('\0', ' ').stripTrailing();
    } catch (IOException gone) {
      return "";
    }
  }
}
