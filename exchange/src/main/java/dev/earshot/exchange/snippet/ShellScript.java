package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A command of the shell that gets a body, as an argument or from its standard input. */
final class ShellScript {
  /** No line of base64 can be this. */
  private static final String END = "END_OF_BODY";

  private ShellScript() {}

  /**
   * Whether a body can be an argument, which is easier to read. A terminal completes at a tab, and
   * bash expands {@code !} in the second line of a string.
   */
  static boolean isArgument(SnippetBody body) {
    return body instanceof SnippetBody.Text(String text)
        && text.indexOf('\t') < 0
        && text.indexOf('\r') < 0
        && !(text.indexOf('\n') >= 0 && text.indexOf('!') >= 0);
  }

  /**
   * The script.
   *
   * @param notes lines of comment, in our own words
   * @param command its lines; the first begins with the command's name
   */
  static String of(RequestParts request, List<String> notes, List<String> command) {
    var lines = new ArrayList<>(command);
    String hereDocument = "";
    switch (request.body()) {
      case SnippetBody.Bytes(String base64) -> hereDocument = base64;
      case SnippetBody.Text(String text) when !isArgument(request.body()) ->
          hereDocument = Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
      case SnippetBody.Missing _ -> lines.add("< " + request.bodyFile());
      case SnippetBody.Text _, SnippetBody.Empty _ -> {}
    }
    var out = new StringBuilder();
    Notes.of(request, notes).forEach(note -> out.append("# ").append(note).append('\n'));
    if (hereDocument.isEmpty()) {
      return out.append(joined(lines)).append('\n').toString();
    }
    return out.append("base64 -d <<'" + END + "' | ")
        .append(joined(lines))
        .append('\n')
        .append(SnippetBody.lines(hereDocument))
        .append(END + "\n")
        .toString();
  }

  private static String joined(List<String> lines) {
    return String.join(" \\\n  ", lines);
  }
}
