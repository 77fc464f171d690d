package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** A module for Node 18 or newer, whose {@code fetch} is undici's. */
final class FetchSnippet {
  /** The Fetch standard forbids them. */
  private static final Set<String> FORBIDDEN = Set.of("CONNECT", "TRACE", "TRACK");

  /** The Fetch standard writes them in upper case. */
  private static final Set<String> NORMALIZED =
      Set.of("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT");

  /** Undici refuses these, or writes its own. */
  private static final Set<String> REFUSED =
      Set.of("connection", "upgrade", "expect", "sec-fetch-mode");

  private static final List<String> OWN =
      List.of("Accept", "Accept-Encoding", "Accept-Language", "User-Agent");

  private FetchSnippet() {}

  static String write(RequestParts request) {
    Optional<String> unsendable = unsendable(request);
    if (unsendable.isPresent()) {
      return failing(unsendable.get());
    }
    var out = new StringBuilder();
    Notes.of(request, notes(request)).forEach(note -> out.append("// ").append(note).append('\n'));
    if (request.body() instanceof SnippetBody.Missing) {
      out.append("import { readFileSync } from 'node:fs';\n\n");
    }
    out.append("const response = await fetch(")
        .append(CodeLiterals.javaScript(TargetForm.url(request)))
        .append(", {\n  method: ")
        .append(CodeLiterals.javaScript(request.method()))
        .append(",\n  redirect: 'manual',\n  headers: [\n");
    headers(request)
        .forEach(header ->
            out.append("    [")
                .append(CodeLiterals.javaScript(header.name()))
                .append(", ")
                .append(CodeLiterals.javaScript(header.value()))
                .append("],\n"));
    out.append("  ],\n");
    body(request).ifPresent(body -> out.append("  ").append(body).append(",\n"));
    return out.append("});\n")
        .append("console.log(response.status, response.statusText);\n")
        .append("for (const [name, value] of response.headers) console.log(`${name}: ${value}`);\n")
        .append("console.log(await response.text());\n")
        .toString();
  }

  static String failing(String why) {
    return "throw new Error(" + CodeLiterals.javaScript("earshot: " + why) + ");\n";
  }

  private static Optional<String> unsendable(RequestParts request) {
    String method = request.method().toUpperCase(Locale.ROOT);
    if (FORBIDDEN.contains(method)) {
      return Optional.of(
          "fetch has no method CONNECT, TRACE or TRACK, which exchange %d needs"
              .formatted(request.id()));
    }
    if (request.hasBody() && (method.equals("GET") || method.equals("HEAD"))) {
      return Optional.of(
          "fetch sends no body with GET or HEAD, exchange %d has one".formatted(request.id()));
    }
    return TargetForm.unsendable(request, "fetch");
  }

  private static List<Header> headers(RequestParts request) {
    return request.headers().stream()
        .filter(header -> !REFUSED.contains(header.lowerCaseName()))
        .toList();
  }

  /** As bytes: a string would get a Content-Type. */
  private static Optional<String> body(RequestParts request) {
    String bytes =
        switch (request.body()) {
          case SnippetBody.Empty _ -> "";
          case SnippetBody.Text(String text) ->
              "Buffer.from(" + CodeLiterals.javaScript(text) + ")";
          case SnippetBody.Bytes(String base64) ->
              "Buffer.from(`\n" + SnippetBody.lines(base64) + "`, 'base64')";
          case SnippetBody.Missing _ ->
              "readFileSync(" + CodeLiterals.javaScript(request.bodyFile()) + ")";
        };
    if (request.framing() == RequestParts.Framing.CHUNKED && mayHaveBody(request)) {
      return Optional.of("body: new Blob([" + bytes + "]).stream(),\n  duplex: 'half'");
    }
    return bytes.isEmpty() ? Optional.empty() : Optional.of("body: " + bytes);
  }

  private static boolean mayHaveBody(RequestParts request) {
    String method = request.method().toUpperCase(Locale.ROOT);
    return !method.equals("GET") && !method.equals("HEAD");
  }

  private static List<String> notes(RequestParts request) {
    var notes = new ArrayList<String>();
    if (request.version() != HttpVersion.HTTP_1_1) {
      notes.add("fetch sends HTTP/1.1, the request was " + request.version().text() + ".");
    }
    String method = request.method();
    if (NORMALIZED.contains(method.toUpperCase(Locale.ROOT)) && !NORMALIZED.contains(method)) {
      notes.add("fetch writes the method in upper case.");
    }
    if (!TargetForm.isNormal(request.target())) {
      notes.add("fetch may write the path and the query in another way.");
    }
    var added = new ArrayList<>(OWN.stream().filter(name -> !request.has(name)).toList());
    added.add("Sec-Fetch-Mode");
    notes.add("fetch adds by itself: " + Notes.names(added) + ".");
    var left = new ArrayList<String>();
    if (request.hasOtherHost()) {
      left.add("Host");
    }
    for (Header header : request.headers()) {
      if (REFUSED.contains(header.lowerCaseName())) {
        left.add(header.name());
      }
    }
    if (!left.isEmpty()) {
      notes.add("fetch cannot send as it was: " + Notes.names(left) + ".");
    }
    if (request.hasRepeats()) {
      notes.add("fetch sends headers of the same name as one.");
    }
    return notes;
  }
}
