package dev.earshot.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Names processes that may outlive their run: {@code *} stands for any text, {@code ?} for one
 * character. It must match the whole of the process's name, of its program's file name, or of its
 * command line with the arguments separated by one space.
 */
public record KeepPattern(String glob) {
  /** In characters. */
  public static final int LONGEST = 1000;

  /** Of a longer command line only that much is looked at, in bytes. */
  private static final int COMMAND_LINE = 16 << 10;

  public KeepPattern {
    if (glob.isBlank() || glob.length() > LONGEST) {
      throw new IllegalArgumentException("a pattern has 1 to " + LONGEST + " characters");
    }
  }

  boolean matches(String name, String commandLine) {
    String program = commandLine.substring(0, (commandLine + " ").indexOf(' '));
    return matches(name)
        || matches(program.substring(program.lastIndexOf('/') + 1))
        || matches(commandLine);
  }

  /** At most as many steps as both have characters, multiplied: one star is tried at a time. */
  private boolean matches(String text) {
    int at = 0;
    int in = 0;
    int star = -1;
    int resume = 0;
    while (at < text.length()) {
      if (in < glob.length() && glob.charAt(in) == '*') {
        star = in++;
        resume = at;
      } else if (in < glob.length()
          && (glob.charAt(in) == '?' || glob.charAt(in) == text.charAt(at))) {
        in++;
        at++;
      } else if (star >= 0) {
        // The last star stands for one more; those before it need no other try.
        in = star + 1;
        at = ++resume;
      } else {
        return false;
      }
    }
    while (in < glob.length() && glob.charAt(in) == '*') {
      in++;
    }
    return in == glob.length();
  }

  /** The command line of a process, as patterns see it; empty if it is gone. */
  static String commandLine(long pid) {
    try (var file = Files.newInputStream(Path.of("/proc/" + pid + "/cmdline"))) {
      byte[] arguments = file.readNBytes(COMMAND_LINE);
      return new String(arguments, StandardCharsets.UTF_8).replace('\0', ' ').stripTrailing();
    } catch (IOException gone) {
      return "";
    }
  }
}
