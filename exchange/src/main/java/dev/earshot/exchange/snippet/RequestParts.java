package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RequestHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A request as the origin is to get it, apart from the tool that sends it.
 *
 * @param id of the exchange
 * @param scheme {@code http} or {@code https}
 * @param authority host and port, as in a URL; never with user information, which is never sent
 * @param target a path with its query, or {@code *}; visible characters, each one byte
 * @param method a token
 * @param host the value of its Host, if it has one
 * @param headers what is to be given to the tool, in wire order: without what belongs to one
 *     connection, and without Host, Content-Length and Transfer-Encoding
 * @param framing how the body's length was told
 * @param masked by which profile something was masked, if so
 */
record RequestParts(
    long id,
    String scheme,
    String authority,
    String target,
    String method,
    HttpVersion version,
    Optional<String> host,
    List<Header> headers,
    Framing framing,
    SnippetBody body,
    Optional<String> masked) {
  RequestParts {
    headers = List.copyOf(headers);
  }

  /** How a request tells the length of its body. */
  enum Framing {
    /** Not at all: there is none, or HTTP/2 tells its end. */
    NONE,
    /** By Content-Length. */
    LENGTH,
    /** By chunks. */
    CHUNKED
  }

  /** What there is to send. */
  sealed interface Result {
    /** A request. */
    record Sendable(RequestParts parts) implements Result {}

    /**
     * Nothing that a tool could send.
     *
     * @param why in our own words
     */
    record Unsendable(String why) implements Result {}
  }

  private static final Pattern URL =
      Pattern.compile(
          "(https?)://(?:[^/?#@]*@)?((?:[A-Za-z0-9._~-]+|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?)"
              + "(?:[/?#].*)?",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern ABSOLUTE =
      Pattern.compile("https?://[^/?#]*(.*)", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /** As the proxy takes it: visible, or not of ASCII. */
  private static final Pattern TARGET = Pattern.compile("[\\x21-\\x7e\\x80-\\xff]+");

  private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7e\\x80-\\xff]*");

  private static final Set<String> LEFT_OUT =
      Set.of(
          "host",
          "content-length",
          "transfer-encoding",
          "connection",
          "keep-alive",
          "proxy-connection",
          "proxy-authorization",
          "http2-settings",
          "trailer",
          "te",
          "upgrade");

  /** What is to be sent of an exchange. */
  static Result of(Snippet snippet) throws IOException {
    RecordedExchange exchange = snippet.exchange();
    RequestHead head = exchange.request();
    if (exchange.tunnel().isPresent() || head.method().equals("CONNECT")) {
      return new Result.Unsendable("exchange %d is a tunnel".formatted(exchange.id()));
    }
    Matcher url = URL.matcher(exchange.url());
    if (!url.matches()) {
      return new Result.Unsendable(
          "exchange %d has no URL of http or https".formatted(exchange.id()));
    }
    String target = originForm(head);
    if (!isSound(head)) {
      return new Result.Unsendable(
          "exchange %d has a head that is not one of HTTP".formatted(exchange.id()));
    }
    if (!target.startsWith("/") && !target.equals("*")) {
      return new Result.Unsendable(
          "exchange %d has a request target that is no path".formatted(exchange.id()));
    }
    return new Result.Sendable(parts(snippet, url, target));
  }

  private static RequestParts parts(Snippet snippet, Matcher url, String target)
      throws IOException {
    RecordedExchange exchange = snippet.exchange();
    RequestHead head = exchange.request();
    List<Header> all = head.headers();
    List<Header> masked = snippet.redaction().headers(all);
    String maskedTarget = snippet.redaction().url(target);
    var mask = new BodyMask(snippet.redaction(), all);
    SnippetBody.Read body =
        SnippetBody.of(
            exchange.requestBody(), Headers.first(all, "Content-Length"), snippet.wire(), mask);
    boolean hidden = body.masked() || !masked.equals(all) || !maskedTarget.equals(target);
    return new RequestParts(
        exchange.id(),
        group(url, 1).toLowerCase(Locale.ROOT),
        group(url, 2),
        maskedTarget,
        head.method(),
        head.version(),
        ABSOLUTE.matcher(head.target()).matches()
            ? Optional.of(group(url, 2))
            : Headers.first(masked, "Host"),
        endToEnd(masked, isUpgrade(all)),
        framing(all),
        body.body(),
        hidden ? Optional.of(Notes.profile(snippet.redaction())) : Optional.empty());
  }

  /** The URL that a tool connects to and, where it can, takes the target from. */
  String url() {
    return base() + (target.equals("*") ? "/" : target);
  }

  /** The URL without its path. */
  String base() {
    return scheme + "://" + authority;
  }

  boolean isTls() {
    return scheme.equals("https");
  }

  /** Whether the tool's own Host would not be the one that was sent. */
  boolean hasOtherHost() {
    return !host.equals(Optional.of(authority));
  }

  boolean has(String name) {
    return headers.stream().anyMatch(header -> header.is(name));
  }

  boolean hasRepeats() {
    return headers.stream().map(Header::lowerCaseName).distinct().count() < headers.size();
  }

  boolean hasBody() {
    return !(body instanceof SnippetBody.Empty);
  }

  /** The name of the file that the user is to provide for a body that is missing. */
  String bodyFile() {
    return "request-body-" + id;
  }

  /**
   * The method, the name of every header and its value are what the grammar of HTTP lets through.
   */
  private static boolean isSound(RequestHead head) {
    return TOKEN.matcher(head.method()).matches()
        && TARGET.matcher(head.target()).matches()
        && head.headers().stream()
            .allMatch(header ->
                (TOKEN.matcher(header.name()).matches() || header.name().equals(":protocol"))
                    && VALUE.matcher(header.value()).matches()
                    && header.value().equals(trimmed(header.value())));
  }

  /** Without the white space of HTTP at both ends. */
  private static String trimmed(String value) {
    int start = 0;
    int end = value.length();
    while (start < end && isSpace(value.charAt(start))) {
      start++;
    }
    while (end > start && isSpace(value.charAt(end - 1))) {
      end--;
    }
    return value.substring(start, end);
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t';
  }

  /** What the proxy makes of a target in absolute form (RFC 9112 section 3.2.2). */
  private static String originForm(RequestHead head) {
    Matcher absolute = ABSOLUTE.matcher(head.target());
    if (!absolute.matches()) {
      return head.target();
    }
    String rest = group(absolute, 1);
    if (rest.isEmpty() && head.method().equals("OPTIONS")) {
      return "*";
    }
    return rest.startsWith("/") ? rest : "/" + rest;
  }

  private static List<Header> endToEnd(List<Header> headers, boolean upgrade) {
    Set<String> named = Set.copyOf(tokens(headers, "Connection"));
    var out = new ArrayList<Header>();
    for (Header header : headers) {
      String name = header.lowerCaseName();
      if (name.equals("te") && tokens(List.of(header), "TE").contains("trailers")) {
        out.add(new Header(header.name(), "trailers"));
      } else if (upgrade && name.equals("upgrade")) {
        out.add(new Header("Connection", "Upgrade"));
        out.add(header);
      } else if (!name.startsWith(":") && !LEFT_OUT.contains(name) && !named.contains(name)) {
        out.add(header);
      }
    }
    return out;
  }

  private static boolean isUpgrade(List<Header> headers) {
    return Headers.all(headers, "Upgrade").size() == 1
        && tokens(headers, "Connection").contains("upgrade")
        && tokens(headers, "Upgrade").contains("websocket");
  }

  private static Framing framing(List<Header> headers) {
    if (tokens(headers, "Transfer-Encoding").contains("chunked")) {
      return Framing.CHUNKED;
    }
    return Headers.first(headers, "Content-Length").isPresent() ? Framing.LENGTH : Framing.NONE;
  }

  private static List<String> tokens(List<Header> headers, String name) {
    return Headers.all(headers, name).stream()
        .flatMap(value -> Arrays.stream(value.split(",", -1)))
        .map(token -> trimmed(token).toLowerCase(Locale.ROOT))
        .toList();
  }

  private static String group(Matcher matcher, int group) {
    String text = matcher.group(group);
    if (text == null) {
      throw new IllegalStateException("a group that always matches");
    }
    return text;
  }
}
