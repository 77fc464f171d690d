package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.Locale;

/**
 * Words of the POSIX shell that stand for exactly these bytes, in dash as in bash, read from a file
 * as pasted into a terminal.
 */
final class ShellQuote {
  /** Linux takes no argument above 128 KiB (MAX_ARG_STRLEN). */
  private static final int LONGEST = 120 * 1024;

  private static final String BARE = "-_./:@,+";

  private ShellQuote() {}

  /**
   * A word of bytes.
   *
   * @param latin1 each char is one byte; no NUL, and no line feed at the end
   */
  static String word(String latin1) {
    if (latin1.indexOf('\0') >= 0 || latin1.endsWith("\n")) {
      throw new IllegalArgumentException("not an argument");
    }
    return PlainText.utf8(latin1)
        .filter(PlainText::isPlain)
        .map(ShellQuote::text)
        .orElseGet(() -> printf(latin1));
  }

  /** A word of text that the shell is to pass on in UTF-8: plain, or with line feeds. */
  static String text(String text) {
    boolean bare =
        !text.isEmpty()
            && text.chars().allMatch(c -> isLetterOrDigit(c) || BARE.indexOf((char) c) >= 0);
    return bare ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  /** Whether one of them is more than an argument can be; URL and name have room beside it. */
  static boolean isTooLong(List<String> latin1) {
    return latin1.stream().anyMatch(each -> each.length() > LONGEST);
  }

  /** What is there instead of a command with an argument that is too long. */
  static String tooLong(RequestParts request) {
    return failing(
        "exchange %d has a head too long for arguments of a command".formatted(request.id()));
  }

  /** A script that says why there is no command, and fails without closing the user's shell. */
  static String failing(String why) {
    return "echo " + text("earshot: " + why) + " >&2\nfalse\n";
  }

  /**
   * The format of printf(1) has octal escapes everywhere; hexadecimal ones are not POSIX. A first
   * hyphen would be an option, and a terminal's bash expands {@code !} also here.
   */
  private static String printf(String latin1) {
    var out = new StringBuilder("\"$(printf '");
    for (byte each : latin1.getBytes(ISO_8859_1)) {
      char c = (char) (each & 0xff);
      if (c == '%') {
        out.append("%%");
      } else if (c < 0x20 || c >= 0x7f || "'\\!-".indexOf(c) >= 0) {
        out.append(String.format(Locale.ROOT, "\\%03o", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append("')\"").toString();
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
}
