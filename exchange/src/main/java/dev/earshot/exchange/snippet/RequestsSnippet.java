package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A script of Python 3 that uses requests, with urllib3 1.26 or newer. */
final class RequestsSnippet {
  /** What its layers add unless they are told to skip it. */
  private static final List<String> OWN = List.of("Accept-Encoding", "User-Agent");

  private RequestsSnippet() {}

  static String write(RequestParts request) {
    Optional<String> unsendable = TargetForm.unsendable(request, "requests");
    if (unsendable.isPresent()) {
      return failing(unsendable.get());
    }
    var out = new StringBuilder();
    Notes.of(request, notes(request)).forEach(note -> out.append("# ").append(note).append('\n'));
    if (request.body() instanceof SnippetBody.Bytes) {
      out.append("import base64\n\n");
    }
    out.append("import requests\nfrom urllib3.util import SKIP_HEADER\n\nheaders = {\n");
    headers(request)
        .forEach((name, value) ->
            out.append("    ")
                .append(CodeLiterals.python(name))
                .append(": ")
                .append(value)
                .append(",\n"));
    out.append("}\n");
    String body = body(request);
    if (request.framing() == RequestParts.Framing.CHUNKED) {
      body = body.equals("None") ? "iter([])" : "iter([" + body + "])";
    }
    String url = TargetForm.urlForPython(request);
    boolean normal = TargetForm.isNormal(request.target());
    out.append("body = ")
        .append(body)
        .append("\nrequest = requests.Request(")
        .append(CodeLiterals.python(request.method()))
        .append(", ")
        .append(CodeLiterals.python(normal ? url : request.base() + "/"))
        .append(", headers=headers, data=body).prepare()\n");
    if (!normal) {
      out.append("request.url = ").append(CodeLiterals.python(url)).append('\n');
    }
    if (!request.method().equals(request.method().toUpperCase(Locale.ROOT))) {
      out.append("request.method = ").append(CodeLiterals.python(request.method())).append('\n');
    }
    return out.append(
            """
            with requests.Session() as session:
                settings = session.merge_environment_settings(request.url, {}, None, None, None)
                response = session.send(request, allow_redirects=False, **settings)
            print(response.status_code, response.reason)
            for name, value in response.headers.items():
                print(f'{name}: {value}')
            print(response.text)
            """)
        .toString();
  }

  static String failing(String why) {
    return "raise SystemExit(" + CodeLiterals.python("earshot: " + why) + ")\n";
  }

  /** Values as expressions; headers of one name become one (RFC 9110 section 5.3). */
  private static Map<String, String> headers(RequestParts request) {
    var joined = new LinkedHashMap<String, Header>();
    if (request.hasOtherHost()) {
      request.host().ifPresent(value -> joined.put("host", new Header("Host", value)));
    }
    for (Header header : request.headers()) {
      String comma = header.is("Cookie") ? "; " : ", ";
      joined.merge(
          header.lowerCaseName(),
          header,
          (first, next) -> new Header(first.name(), first.value() + comma + next.value()));
    }
    var out = new LinkedHashMap<String, String>();
    if (request.host().isEmpty()) {
      out.put("Host", "SKIP_HEADER");
    }
    for (Header header : joined.values()) {
      String literal = CodeLiterals.python(header.value());
      out.put(header.name(), PlainText.isAscii(header.value()) ? literal : "b" + literal);
    }
    for (String own : OWN) {
      if (!request.has(own)) {
        out.put(own, "SKIP_HEADER");
      }
    }
    return out;
  }

  private static String body(RequestParts request) {
    return switch (request.body()) {
      case SnippetBody.Empty _ -> "None";
      case SnippetBody.Text(String text) when PlainText.isAscii(text) ->
          "b" + CodeLiterals.python(text);
      case SnippetBody.Text(String text) -> CodeLiterals.python(text) + ".encode()";
      case SnippetBody.Bytes(String base64) ->
          "base64.b64decode('''\n" + SnippetBody.lines(base64) + "''')";
      case SnippetBody.Missing _ ->
          "open(" + CodeLiterals.python(request.bodyFile()) + ", 'rb').read()";
    };
  }

  private static List<String> notes(RequestParts request) {
    var notes = new ArrayList<String>();
    if (request.version() != HttpVersion.HTTP_1_1) {
      notes.add("requests sends HTTP/1.1, the request was " + request.version().text() + ".");
    }
    if (!TargetForm.isNormal(request.target())) {
      notes.add("requests may write the path and the query in another way.");
    }
    if (request.hasRepeats()) {
      notes.add("requests sends headers of the same name as one.");
    }
    return notes;
  }
}
