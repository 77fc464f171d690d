package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Redaction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a snippet tells about itself in comments. No captured text but names of headers is in them,
 * and no quote, which an interactive zsh would take for one: it does not know comments.
 */
final class Notes {
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  private Notes() {}

  /** The lines: first that it is masked, then what else is to be known before it is run. */
  static List<String> of(RequestParts request, List<String> ofTheTool) {
    var notes = new ArrayList<String>();
    request.masked().ifPresent(by -> notes.add("masked: " + by + "; not runnable as is"));
    if (request.body() instanceof SnippetBody.Missing(String why)) {
      notes.add(why + " Put it into the file " + request.bodyFile() + ".");
    }
    notes.addAll(ofTheTool);
    return notes;
  }

  /** By what it was masked, here or already in the record, which is masked in one way only. */
  static String profile(Redaction asked) {
    return (asked == Redaction.NONE ? Redaction.CREDENTIALS : asked).wireName();
  }

  /** Names of headers in a line of comment. */
  static String names(Collection<String> names) {
    return String.join(
        ", ",
        names.stream()
            .map(name -> PLAIN_NAME.matcher(name).matches() ? name : "one with special characters")
            .distinct()
            .toList());
  }

  /** The names of these headers. */
  static String namesOf(List<Header> headers) {
    return names(headers.stream().map(Header::name).toList());
  }
}
