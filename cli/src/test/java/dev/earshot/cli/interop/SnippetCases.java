package dev.earshot.cli.interop;

import static dev.earshot.exchange.snippet.SnippetFormat.FETCH;
import static dev.earshot.exchange.snippet.SnippetFormat.HTTPIE;
import static dev.earshot.exchange.snippet.SnippetFormat.JAVA;
import static dev.earshot.exchange.snippet.SnippetFormat.REQUESTS;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.snippet.SnippetFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Requests that are hard to write for one tool or another. */
final class SnippetCases {
  private static final String EVERY_BYTE =
      new Random(1)
          .ints(0, 256)
          .limit(2000)
          .mapToObj(Character::toString)
          .collect(Collectors.joining());

  private static final String HOSTILE = "'\"\\`$(touch x)${HOME}%s%n!!;&|<>*?~#{a,b}[1-3]@x";

  /** A backslash before a separator would be gone; of bytes, none here is UTF-8 by chance. */
  private static final Pattern HTTPIE_SAYS =
      Pattern.compile("(?:[\\x20-\\x7e&&[^\\\\]]|\\\\[\\x20-\\x7e&&[^:;=@]])*\\\\?");

  private SnippetCases() {}

  static List<SnippetCase> table() {
    return List.of(
        SnippetCase.of("nothing special", "GET /a/b.txt?x=1&y=%20z", "", "Accept: */*"),
        SnippetCase.of("no header that tools have by themselves", "GET /", ""),
        SnippetCase.of(
            "headers as a browser has them",
            "GET /",
            "",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
            "accept: text/html,*/*;q=0.8",
            "Accept-Language: de,en;q=0.5",
            "Accept-Encoding: gzip, deflate, br",
            "Cookie: a=1; b=\"2 3\"",
            "X-Last: yes"),
        SnippetCase.of(
            "headers of one name",
            "GET /",
            "",
            "X-A: 1",
            "Via: 1.1 one",
            "X-B: 2",
            "Via: 1.1 two",
            "x-c: 3"),
        SnippetCase.of("two cookies", "GET /", "", "Cookie: a=1", "Cookie: b=2"),
        SnippetCase.of("a header without a value", "GET /", "", "X-Empty:", "X-Full: 1"),
        SnippetCase.of(
            "values that shells and tools read",
            "GET /",
            "",
            "X-Hostile: " + HOSTILE,
            "X-At: @/etc/passwd"),
        SnippetCase.of(
            "values that HTTPie reads",
            "GET /",
            "",
            "X-Json: ={\"a\":1}",
            "X-Equal: ==x",
            "X-Semi: ;",
            "X-Backslash: \\",
            "X-Back: a\\b\\\\c"),
        SnippetCase.of("a value that HTTPie cannot be told", "GET /", "", "X-Back: a\\:b", "X-B: 1")
            .without(HTTPIE, "x-back"),
        SnippetCase.of(
                "a value in ISO 8859-1",
                "GET /",
                "",
                "X-Latin: caf\u00e9 \u0080\u00ff!%'\\x",
                "X-B: 1")
            .without(HTTPIE, "x-latin")
            .without(JAVA, "x-latin"),
        SnippetCase.of("a value in UTF-8", "GET /", "", "X-Utf: " + utf8("Grüße 漢字 🙂"))
            .without(JAVA, "x-utf"),
        SnippetCase.of(
                "a value with characters that hide",
                "GET /",
                "",
                "X-Bidi: " + utf8("a\u202eb\u200dc\u00a0"),
                "X-B: 1")
            .without(HTTPIE, "x-bidi")
            .without(JAVA, "x-bidi"),
        SnippetCase.of("a value with a tab", "GET /", "", "X-Tab: a\tb", "X-B: 1")
            .without(HTTPIE, "x-tab"),
        SnippetCase.of("names of every character", "GET /", "", "!#$%&'*+.^_`|~-: 1", "-o: x"),
        SnippetCase.of(
            "JSON",
            "POST /json",
            "{\"it's\": \"100% $HOME `x` \\\\ !\"}",
            "Content-Type: application/json"),
        SnippetCase.of(
            "a form",
            "POST /form",
            "a=b&c=%20d+e",
            "Content-Type: application/x-www-form-urlencoded"),
        SnippetCase.of("a body without a type", "POST /", "plain"),
        SnippetCase.of("a body like a file", "POST /", "@/etc/passwd", "Content-Type: text/plain"),
        SnippetCase.of("a body like an option", "PUT /", "-X DELETE", "Content-Type: text/plain"),
        SnippetCase.of(
            "lines", "PUT /", "one\ntwo\n\nEND_OF_BODY\nthree!\n", "Content-Type: text/plain"),
        SnippetCase.of("lines without a shout", "PUT /", "\none\n'two'\n", "X-A: 1"),
        SnippetCase.of("tabs and carriage returns", "PUT /", "a\tb\r\nc\r", "X-A: 1"),
        SnippetCase.of("text in UTF-8", "POST /", utf8("Grüße 漢字 🙂 </script>"), "X-A: 1"),
        SnippetCase.of("text that hides", "POST /", utf8("a\u202eb\u2028c\ufeff"), "X-A: 1"),
        SnippetCase.of("a NUL", "POST /", "a\0b", "Content-Type: application/octet-stream"),
        SnippetCase.of("every byte", "POST /", EVERY_BYTE, "Content-Type: image/png"),
        SnippetCase.of("a large body", "POST /", "0123456789'\\\n".repeat(80_000), "X-A: 1"),
        SnippetCase.of("a large text", "POST /", "x".repeat(16 * 1024), "X-A: 1"),
        SnippetCase.of("an empty body", "POST /", "", "X-A: 1")
            .recordedAs("Host: HOST", "X-A: 1", "Content-Length: 0"),
        SnippetCase.of("DELETE of nothing", "DELETE /x", ""),
        SnippetCase.of("DELETE with a body", "DELETE /x", "why", "X-A: 1"),
        SnippetCase.of("chunks", "POST /", "in chunks", "Content-Type: text/plain")
            .recordedAs("Host: HOST", "Content-Type: text/plain", "Transfer-Encoding: chunked"),
        SnippetCase.of("chunks of bytes", "PUT /", "\0\1\2", "X-A: 1")
            .recordedAs("Host: HOST", "X-A: 1", "Transfer-Encoding: chunked"),
        SnippetCase.of(
                "GET with a body", "GET /search", "{\"q\":1}", "Content-Type: application/json")
            .notFor(FETCH),
        SnippetCase.of("HEAD", "HEAD /", "", "Accept: */*"),
        SnippetCase.of("HEAD with a body", "HEAD /", "x", "X-A: 1").notFor(FETCH),
        SnippetCase.of("OPTIONS", "OPTIONS /", "", "Origin: http://example.com"),
        SnippetCase.of("OPTIONS of the server", "OPTIONS *", "")
            .notFor(FETCH, HTTPIE, REQUESTS, JAVA),
        SnippetCase.of("a method of WebDAV", "PROPFIND /", "<x/>", "Depth: 1"),
        SnippetCase.of("a method in lower case", "patch /", "x", "X-A: 1").notFor(HTTPIE),
        SnippetCase.of("a method of every character", "!$'`*|~ /", "").notFor(HTTPIE),
        SnippetCase.of("a method that begins with a hyphen", "-K /", "").notFor(HTTPIE),
        SnippetCase.of("dots", "GET /a/../b/./c/..?x=../y", "").becomes("/b/?x=../y", FETCH),
        SnippetCase.of("escaped dots", "GET /a/%2e%2E/b%2F%2f%7e", "")
            .becomes("/b%2F%2f%7e", FETCH)
            .becomes("/a/%2E%2E/b%2F%2F%7E", REQUESTS, HTTPIE),
        SnippetCase.of("globs", "GET /{a,b}/[1-3]?x={1}&y[]=2", "")
            .becomes("/%7Ba,b%7D/%5B1-3%5D?x=%7B1%7D&y[]=2", JAVA)
            .becomes("/%7Ba,b%7D/%5B1-3%5D?x=%7B1%7D&y%5B%5D=2", REQUESTS, HTTPIE)
            .becomes("/%7Ba,b%7D/[1-3]?x={1}&y[]=2", FETCH),
        SnippetCase.of("characters of the shell", "GET /'$(x)`;&!?\"\\<>|^%", "")
            .becomes("/'$(x)%60;&!?%22\\%3C%3E|^%", FETCH)
            .becomes("/'$(x)%60;&!?%22%5C%3C%3E%7C%5E%25", HTTPIE, REQUESTS, JAVA),
        SnippetCase.of("a fragment", "GET /a#b", "").notFor(FETCH, HTTPIE, REQUESTS, JAVA),
        SnippetCase.of("two slashes", "GET //host/path", ""),
        SnippetCase.of("bytes in the target", "GET /caf\u00e9?\u00ff", "")
            .becomes("/caf%E9?%FF", FETCH, HTTPIE, REQUESTS, JAVA),
        SnippetCase.of("a target as proxies get it", "GET http://HOST/x?y", ""),
        SnippetCase.of("a query and no path", "GET http://HOST?y", "")
            .becomes("/?y", SnippetFormat.values()),
        SnippetCase.of("another host", "GET /", "")
            .recordedAs("Host: example.com:81", "X-A: 1")
            .sending("Host: example.com:81", "X-A: 1")
            .without(FETCH, "host"),
        SnippetCase.of("a host without a value", "GET /", "")
            .recordedAs("host:", "X-A: 1")
            .sending("Host:", "X-A: 1")
            .without(FETCH, "host"),
        SnippetCase.of("an address of IPv6", "GET /x", "").at("[::1]"),
        SnippetCase.of("TLS", "POST /x", "y", "X-A: 1").overTls(),
        SnippetCase.of("HTTP/1.0", "GET /x", "", "X-A: 1").in(HttpVersion.HTTP_1_0),
        SnippetCase.of("HTTP/1.0 without a host", "POST /x", "y", "X-A: 1")
            .in(HttpVersion.HTTP_1_0)
            .recordedAs("X-A: 1", "Content-Length: 1")
            .sending("X-A: 1"),
        SnippetCase.of("what belongs to a connection", "GET /", "", "X-A: 1", "TE: trailers")
            .recordedAs(
                "Host: HOST",
                "Connection: keep-alive, X-Hop, TE",
                "Keep-Alive: timeout=5",
                "X-Hop: 1",
                "Proxy-Connection: keep-alive",
                "Proxy-Authorization: Basic eDp5",
                "Upgrade: h2c",
                "X-A: 1",
                "TE: trailers, gzip"),
        SnippetCase.of(
                "the handshake of a WebSocket",
                "GET /socket",
                "",
                "X-A: 1",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
            .recordedAs(
                "Host: HOST",
                "Connection: keep-alive, Upgrade",
                "X-A: 1",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
            .without(FETCH, "upgrade"),
        SnippetCase.of(
                "a question before the body", "POST /", "x", "Expect: 100-continue", "X-A: 1")
            .without(FETCH, "expect")
            .without(JAVA, "expect"));
  }

  /** Requests of any characters that HTTP lets through, the same for a seed. */
  static List<SnippetCase> generated(int seed, int count) {
    var random = new Random(seed);
    return random
        .ints(count)
        .mapToObj(each -> generated("seed " + each, new Random(each)))
        .toList();
  }

  private static SnippetCase generated(String name, Random random) {
    String method = random.nextBoolean() ? "POST" : "PUT";
    String target = "/" + text(random, 12, "#");
    String body = body(random);
    List<String> headers =
        List.of(
            "X-A: " + text(random, 20, ""),
            "Content-Type: " + text(random, 8, ""),
            "X-" + token(random) + ": " + text(random, 3, "") + " \t " + text(random, 3, ""));
    return SnippetCase.of(name, method + " " + target, body, headers.toArray(String[]::new))
        .withAnyEscapes()
        .without(JAVA, names(headers, value -> !value.chars().allMatch(c -> c < 0x80)))
        .without(HTTPIE, names(headers, value -> !HTTPIE_SAYS.matcher(value).matches()));
  }

  private static String[] names(List<String> headers, Predicate<String> which) {
    return headers.stream()
        .map(line -> line.split(": ", 2))
        .filter(line -> which.test(line[1]))
        .map(line -> line[0].toLowerCase(Locale.ROOT))
        .toArray(String[]::new);
  }

  private static String body(Random random) {
    int length = 1 + random.nextInt(60);
    return switch (random.nextInt(3)) {
      case 0 -> text(random, length, "");
      case 1 -> utf8(text(random, length, "") + "\n" + text(random, length, "") + "ä");
      default -> {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        yield new String(bytes, ISO_8859_1);
      }
    };
  }

  /** Often of what somebody reads as more than a character. */
  private static String text(Random random, int length, String without) {
    var out = new StringBuilder();
    while (out.length() < length) {
      char c =
          random.nextInt(3) > 0
              ? HOSTILE.replace(" ", "").charAt(random.nextInt(HOSTILE.length() - 1))
              : (char) (0x21 + random.nextInt(0xdf));
      if (c != 0x7f && without.indexOf(c) < 0) {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static String token(Random random) {
    String all = "!#$%&'*+-.^_`|~09azAZ";
    return random
        .ints(5, 0, all.length())
        .mapToObj(at -> String.valueOf(all.charAt(at)))
        .collect(Collectors.joining());
  }

  private static String utf8(String text) {
    return new String(text.getBytes(UTF_8), ISO_8859_1);
  }
}
