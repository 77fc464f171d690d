package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** A command line of curl, 7.55 or newer. It sends the bytes that were sent. */
final class CurlSnippet {
  /** Curl would read these as ranges and sets of URLs. */
  private static final Pattern GLOB = Pattern.compile("[\\[\\]{}]");

  /** What curl takes from a URL as it stands: RFC 3986, and what is often sent besides. */
  private static final Pattern AS_IT_STANDS =
      Pattern.compile("/[A-Za-z0-9._~!$&'()*+,;=:@/?%\\[\\]{}|^-]*");

  /** From how many bytes on curl asks first whether it may send them; 1 MiB in newer ones. */
  private static final int EXPECTS = 1024;

  private CurlSnippet() {}

  static String write(RequestParts request) {
    List<String> headers = headers(request);
    if (ShellQuote.isTooLong(headers) || ShellQuote.isTooLong(List.of(request.target()))) {
      return ShellQuote.tooLong(request);
    }
    var lines = new ArrayList<String>();
    lines.add(firstLine(request));
    headers.forEach(header -> lines.add("-H " + ShellQuote.word(header)));
    switch (request.body()) {
      case SnippetBody.Text(String text) when ShellScript.isArgument(request.body()) ->
          lines.add("--data-raw " + ShellQuote.text(text));
      case SnippetBody.Empty _ when hasData(request) -> lines.add("--data-raw ''");
      case SnippetBody.Empty _ -> {}
      case SnippetBody.Text _, SnippetBody.Bytes _, SnippetBody.Missing _ ->
          lines.add("--data-binary @-");
    }
    return ShellScript.of(request, notes(request), lines);
  }

  private static String firstLine(RequestParts request) {
    var words = new ArrayList<String>(List.of("curl"));
    version(request).ifPresent(words::add);
    String url = request.url();
    if (GLOB.matcher(request.authority()).find() || GLOB.matcher(url).find()) {
      words.add("-g");
    }
    words.addAll(method(request));
    boolean stands = AS_IT_STANDS.matcher(request.target()).matches();
    if (stands && TargetForm.hasDots(request.target())) {
      words.add("--path-as-is");
    }
    if (!stands) {
      words.add("--request-target " + ShellQuote.word(request.target()));
    }
    words.add(stands ? ShellQuote.word(url) : ShellQuote.word(request.base() + "/"));
    return String.join(" ", words);
  }

  private static Optional<String> version(RequestParts request) {
    return switch (request.version()) {
      case HTTP_1_0 -> Optional.of("--http1.0");
      case HTTP_1_1 -> request.isTls() ? Optional.of("--http1.1") : Optional.empty();
      case HTTP_2 -> Optional.of(request.isTls() ? "--http2" : "--http2-prior-knowledge");
    };
  }

  private static List<String> method(RequestParts request) {
    String method = request.method();
    boolean data = hasData(request);
    if (method.equals("HEAD") && !data) {
      return List.of("--head");
    }
    if (method.equals(data ? "POST" : "GET")) {
      return List.of();
    }
    return isHeadWithBody(request)
        ? List.of("-X HEAD", "--max-time 10")
        : List.of("-X " + ShellQuote.word(method));
  }

  /** Whether curl is to send a body, which may be empty. */
  private static boolean hasData(RequestParts request) {
    boolean announced = request.framing() != RequestParts.Framing.NONE;
    return request.hasBody() || (announced && !request.method().equals("HEAD"));
  }

  private static boolean isHeadWithBody(RequestParts request) {
    return request.method().equals("HEAD") && request.hasBody();
  }

  /** As curl takes them: a colon and nothing leaves out its own, a semicolon sends an empty one. */
  private static List<String> headers(RequestParts request) {
    var out = new ArrayList<String>();
    if (request.hasOtherHost()) {
      out.add(request.host().map(value -> header(new Header("Host", value))).orElse("Host:"));
    }
    request.headers().forEach(header -> out.add(header(header)));
    for (String own : List.of("User-Agent", "Accept")) {
      leaveOut(request, own, out);
    }
    boolean http2 = request.version() == HttpVersion.HTTP_2;
    if (hasData(request)) {
      leaveOut(request, "Content-Type", out);
      if (SnippetBody.mayHave(request.body(), EXPECTS) && !http2) {
        leaveOut(request, "Expect", out);
      }
    }
    boolean chunked = request.framing() == RequestParts.Framing.CHUNKED && !http2;
    boolean length = request.framing() == RequestParts.Framing.LENGTH;
    if (chunked) {
      out.add("Transfer-Encoding: chunked");
    } else if (hasData(request) && !length) {
      out.add("Content-Length:");
    } else if (length && !hasData(request)) {
      out.add("Content-Length: 0");
    }
    return out;
  }

  private static void leaveOut(RequestParts request, String name, List<String> out) {
    if (!request.has(name)) {
      out.add(name + ":");
    }
  }

  private static String header(Header header) {
    return header.value().isEmpty() ? header.name() + ";" : header.name() + ": " + header.value();
  }

  private static List<String> notes(RequestParts request) {
    return isHeadWithBody(request)
        ? List.of("A response to HEAD has no body, but curl waits for one: at most 10 s.")
        : List.of();
  }
}
