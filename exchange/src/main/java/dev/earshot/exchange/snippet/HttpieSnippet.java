package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A command line of HTTPie, 3 or newer. */
final class HttpieSnippet {
  /** In a value it drops a backslash before any of these. */
  private static final String SPECIAL = ":;=@";

  /** What it sends in any case. */
  private static final List<String> OWN = List.of("Accept-Encoding", "User-Agent");

  private HttpieSnippet() {}

  static String write(RequestParts request) {
    Optional<String> unsendable = unsendable(request);
    if (unsendable.isPresent()) {
      return ShellQuote.failing(unsendable.get());
    }
    List<Header> left = request.headers().stream().filter(header -> !isSayable(header)).toList();
    List<String> headers = headers(request);
    if (ShellQuote.isTooLong(headers) || ShellQuote.isTooLong(List.of(request.target()))) {
      return ShellQuote.tooLong(request);
    }
    var lines = new ArrayList<String>();
    lines.add(firstLine(request));
    headers.forEach(header -> lines.add(ShellQuote.word(header)));
    return ShellScript.of(request, notes(request, left), lines);
  }

  private static Optional<String> unsendable(RequestParts request) {
    boolean method = request.method().chars().allMatch(c -> c >= 'A' && c <= 'Z');
    return method
        ? TargetForm.unsendable(request, "HTTPie")
        : Optional.of(
            "HTTPie has only methods of upper-case letters, exchange %d has another"
                .formatted(request.id()));
  }

  private static String firstLine(RequestParts request) {
    var words = new ArrayList<String>(List.of("http", "--ignore-netrc"));
    boolean argument = ShellScript.isArgument(request.body());
    if (!request.hasBody() || argument) {
      words.add("--ignore-stdin");
    }
    if (request.framing() == RequestParts.Framing.CHUNKED) {
      words.add("--chunked");
    }
    if (TargetForm.hasDots(request.target())) {
      words.add("--path-as-is");
    }
    if (argument && request.body() instanceof SnippetBody.Text(String text)) {
      words.add(ShellQuote.text("--raw=" + text));
    }
    words.add("--");
    words.add(request.method());
    words.add(ShellQuote.word(TargetForm.urlForPython(request)));
    return String.join(" ", words);
  }

  /** With a blank behind the colon, so that the value's first character is no part of it. */
  private static List<String> headers(RequestParts request) {
    var out = new ArrayList<String>();
    if (request.hasOtherHost()) {
      request.host().map(value -> item(new Header("Host", value))).ifPresent(out::add);
    }
    List<Header> sayable = request.headers().stream().filter(HttpieSnippet::isSayable).toList();
    sayable.forEach(header -> out.add(item(header)));
    // Without its Accept-Encoding, the layers below ask for what is not encoded.
    for (String own : List.of("Accept", "Accept-Encoding", "Content-Type")) {
      boolean given = sayable.stream().anyMatch(header -> header.is(own));
      if (!given && (request.hasBody() || !own.equals("Content-Type"))) {
        out.add(own + ":");
      }
    }
    return out;
  }

  private static String item(Header header) {
    return header.value().isEmpty() ? header.name() + ";" : header.name() + ": " + header.value();
  }

  /** It reads arguments as UTF-8, and strips more than HTTP calls white space. */
  private static boolean isSayable(Header header) {
    String value = header.value();
    if (!PlainText.utf8(value).filter(PlainText::isPlain).isPresent()) {
      return false;
    }
    for (int at = 0; at < value.length(); at++) {
      if (value.charAt(at) == '\\') {
        at++;
        if (at < value.length() && SPECIAL.indexOf(value.charAt(at)) >= 0) {
          return false;
        }
      }
    }
    return true;
  }

  private static List<String> notes(RequestParts request, List<Header> left) {
    var notes = new ArrayList<String>();
    if (request.version() != HttpVersion.HTTP_1_1) {
      notes.add("HTTPie sends HTTP/1.1, the request was " + request.version().text() + ".");
    }
    if (!TargetForm.isNormal(request.target())) {
      notes.add("HTTPie may write the path and the query in another way.");
    }
    List<String> added = OWN.stream().filter(name -> !request.has(name)).toList();
    if (!added.isEmpty()) {
      notes.add("HTTPie adds by itself: " + Notes.names(added) + ".");
    }
    if (!left.isEmpty()) {
      notes.add("HTTPie cannot send the values of: " + Notes.namesOf(left) + ".");
    }
    return notes;
  }
}
