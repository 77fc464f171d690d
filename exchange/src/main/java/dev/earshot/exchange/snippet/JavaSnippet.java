package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A program of one file for Java 17 or newer: {@code java Call.java}. */
final class JavaSnippet {
  /** A constant is at most 65535 bytes (JVMS section 4.4.7); whole lines of base64. */
  private static final int LONGEST_CONSTANT = 76 * 800;

  /** What {@code java.net.http} lets through only when a property says so. */
  private static final Set<String> RESTRICTED = Set.of("connection", "host", "upgrade");

  private JavaSnippet() {}

  static String write(RequestParts request) {
    Optional<String> unsendable = TargetForm.unsendable(request, "java.net.http");
    if (unsendable.isPresent()) {
      return failing(unsendable.get());
    }
    List<Header> headers = headers(request);
    String url = request.base() + TargetForm.forJava(request.target());
    if (url.length() > LONGEST_CONSTANT
        || headers.stream().anyMatch(header -> header.value().length() > LONGEST_CONSTANT)) {
      return failing(
          "exchange %d has a head too long for constants of Java".formatted(request.id()));
    }
    var out = new StringBuilder();
    Notes.of(request, notes(request)).forEach(note -> out.append("// ").append(note).append('\n'));
    out.append(
        """
        import java.net.URI;
        import java.net.http.HttpClient;
        import java.net.http.HttpRequest;
        import java.net.http.HttpRequest.BodyPublishers;
        import java.net.http.HttpResponse;
        import java.nio.charset.StandardCharsets;
        import java.nio.file.Path;
        import java.util.Base64;

        public class Call {
          public static void main(String[] args) throws Exception {
        """);
    String restricted =
        headers.stream()
            .map(Header::lowerCaseName)
            .filter(RESTRICTED::contains)
            .distinct()
            .collect(Collectors.joining(","));
    if (!restricted.isEmpty()) {
      line(out, "System.setProperty(\"jdk.httpclient.allowRestrictedHeaders\", %s);", restricted);
    }
    out.append("    HttpRequest request =\n        HttpRequest.newBuilder(URI.create(")
        .append(CodeLiterals.java(url))
        .append("))\n            .version(HttpClient.Version.")
        .append(request.version() == HttpVersion.HTTP_2 ? "HTTP_2" : "HTTP_1_1")
        .append(")\n            .method(")
        .append(CodeLiterals.java(request.method()))
        .append(", ")
        .append(publisher(request))
        .append(")\n");
    for (Header header : headers) {
      out.append("            .header(")
          .append(CodeLiterals.java(header.name()))
          .append(", ")
          .append(CodeLiterals.java(header.value()))
          .append(")\n");
    }
    return out.append(
            """
                        .build();
                HttpResponse<String> response =
                    HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
                System.out.println(response.statusCode());
                response.headers().map().forEach((name, values) -> System.out.println(name + ": " + values));
                System.out.println(response.body());
              }
            }
            """)
        .toString();
  }

  static String failing(String why) {
    return """
    public class Call {
      public static void main(String[] args) {
        throw new IllegalStateException(%s);
      }
    }
    """
        .formatted(CodeLiterals.java("earshot: " + why));
  }

  private static void line(StringBuilder out, String statement, String text) {
    out.append("    ").append(statement.formatted(CodeLiterals.java(text))).append('\n');
  }

  private static List<Header> headers(RequestParts request) {
    var out = new ArrayList<Header>();
    if (request.hasOtherHost() && request.version() != HttpVersion.HTTP_2) {
      request.host().ifPresent(value -> out.add(new Header("Host", value)));
    }
    request.headers().stream().filter(JavaSnippet::isSayable).forEach(out::add);
    return out;
  }

  /** Values are written in ASCII, with question marks for the rest. */
  private static boolean isSayable(Header header) {
    return !header.is("Expect") && header.value().chars().allMatch(c -> c < 0x80);
  }

  private static String publisher(RequestParts request) {
    String whole =
        switch (request.body()) {
          case SnippetBody.Empty _ -> "BodyPublishers.noBody()";
          case SnippetBody.Text(String text) ->
              "BodyPublishers.ofByteArray(%s.getBytes(StandardCharsets.UTF_8))"
                  .formatted(CodeLiterals.java(text));
          case SnippetBody.Bytes(String base64) ->
              "BodyPublishers.ofByteArray(Base64.getMimeDecoder().decode(String.join(\"\"%s)))"
                  .formatted(blocks(base64));
          case SnippetBody.Missing _ ->
              "BodyPublishers.ofFile(Path.of(%s))".formatted(CodeLiterals.java(request.bodyFile()));
        };
    // Of a publisher made of another, the length is not known.
    return request.framing() == RequestParts.Framing.CHUNKED
        ? "BodyPublishers.fromPublisher(" + whole + ")"
        : whole;
  }

  private static String blocks(String base64) {
    var out = new StringBuilder();
    for (int at = 0; at < base64.length(); at += LONGEST_CONSTANT) {
      String part = base64.substring(at, Math.min(base64.length(), at + LONGEST_CONSTANT));
      out.append(", \"\"\"\n").append(SnippetBody.lines(part)).append("\"\"\"");
    }
    return out.toString();
  }

  private static List<String> notes(RequestParts request) {
    var notes = new ArrayList<String>();
    if (request.version() == HttpVersion.HTTP_1_0) {
      notes.add("java.net.http sends HTTP/1.1, the request was HTTP/1.0.");
    }
    if (request.version() == HttpVersion.HTTP_2 && !request.isTls()) {
      notes.add("java.net.http asks to change from HTTP/1.1 to HTTP/2.");
    }
    if (!TargetForm.forJava(request.target()).equals(request.target())) {
      notes.add("java.net.URI takes only a target with more escapes than it had.");
    }
    if (!request.has("User-Agent")) {
      notes.add("java.net.http adds by itself: User-Agent.");
    }
    if (Headers.all(request.headers(), "Cookie").size() > 1) {
      notes.add("java.net.http sends several headers Cookie as one.");
    }
    List<Header> left = request.headers().stream().filter(each -> !isSayable(each)).toList();
    if (!left.isEmpty()) {
      notes.add("java.net.http cannot send: " + Notes.namesOf(left) + ".");
    }
    return notes;
  }
}
