package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.snippet.SnippetFormat;
import dev.earshot.testkit.TestCa;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Snippets run by their tools send what was recorded. */
@Tag("interop")
class SnippetsInteropIT {
  private static final int HANG_GUARD_SECONDS = 60;

  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  /** What docs/copy-as.md says that a tool adds. */
  private static final Map<SnippetFormat, Set<String>> OWN =
      Map.of(
          SnippetFormat.HTTPIE, Set.of("connection", "accept-encoding", "user-agent"),
          SnippetFormat.REQUESTS, Set.of("connection"),
          SnippetFormat.JAVA, Set.of("connection", "user-agent"),
          SnippetFormat.FETCH,
              Set.of(
                  "connection",
                  "accept",
                  "accept-encoding",
                  "accept-language",
                  "sec-fetch-mode",
                  "user-agent"));

  /** Those that make one header of several of a name. */
  private static final Set<SnippetFormat> JOINING =
      EnumSet.of(SnippetFormat.FETCH, SnippetFormat.REQUESTS);

  @TempDir static Path shared;

  private static final TestCa CA = TestCa.create();

  private static final SSLContext TLS = CA.serverContext("localhost");

  @TempDir Path folder;

  @BeforeAll
  static void tools() throws Exception {
    Tools.areThere();
    Files.writeString(shared.resolve("ca.pem"), CA.caPem());
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("ca", CA.certificate());
    try (OutputStream out = Files.newOutputStream(shared.resolve("ca.p12"))) {
      trusted.store(out, "trusted".toCharArray());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"dash", "bash"})
  void curlSendsTheSameBytes(String shell) throws Exception {
    all(SnippetFormat.CURL, List.of(shell), SnippetCases.table());
  }

  @ParameterizedTest
  @ValueSource(strings = {"dash", "bash"})
  void curlSendsTheSameBytesOfAnyRequest(String shell) throws Exception {
    all(SnippetFormat.CURL, List.of(shell), SnippetCases.generated(1, 100));
  }

  /** Each request on its own: some of these tools take a second to start. */
  static Stream<Arguments> others() {
    return Stream.of(
            SnippetFormat.HTTPIE, SnippetFormat.FETCH, SnippetFormat.REQUESTS, SnippetFormat.JAVA)
        .flatMap(format ->
            Stream.concat(SnippetCases.table().stream(), SnippetCases.generated(2, 15).stream())
                .map(each -> Arguments.of(format, each)));
  }

  @ParameterizedTest
  @MethodSource("others")
  void othersSendWhatTheyCan(SnippetFormat format, SnippetCase each) throws Exception {
    all(format, interpreter(format), List.of(each));
  }

  @ParameterizedTest
  @EnumSource(names = {"CURL", "HTTPIE", "FETCH", "REQUESTS", "JAVA"})
  void aBodyThatIsMissingIsReadFromTheFileOrNothingIsSent(SnippetFormat format) throws Exception {
    SnippetCase whole = SnippetCase.of("cut", "PUT /x", "the whole body", "X-A: 1");
    try (var recorder = new RequestRecorder("127.0.0.1", null)) {
      String text = whole.written(format, recorder.port(), 3);
      Ran without = run(text, format, interpreter(format));
      assertThat(without.status()).as("%s", without).isNotZero();
      assertThat(recorder.take()).isEmpty();
      Files.writeString(folder.resolve("request-body-7"), whole.body());
      Ran with = run(text, format, interpreter(format));
      assertThat(with.status()).as("%s", with).isZero();
      assertThat(recorder.take())
          .singleElement()
          .satisfies(got ->
              assertThat(difference(format, whole, recorder.port(), got)).as(text).isEmpty());
    }
  }

  @Test
  void curlAndJavaSpeakHttp2() throws Exception {
    TestCa.PemFiles pem = CA.write(folder, "localhost", "127.0.0.1");
    List<String> command =
        List.of(
            "node",
            Path.of("src/test/interop/h2-recorder.mjs").toAbsolutePath().toString(),
            pem.certificate().toString(),
            pem.key().toString());
    try (var server =
        OriginProcess.start(command, folder.resolve("seen"), folder.resolve("server"))) {
      for (SnippetCase each :
          List.of(
              SnippetCase.of("GET", "GET /x?y", "", "x-a: 1", "x-empty:"),
              SnippetCase.of("body", "POST /x", "{}", "content-type: application/json"),
              SnippetCase.of("no length", "POST /x", "y", "x-a: 1")
                  .recordedAs("host: HOST", "x-a: 1"),
              SnippetCase.of("no bytes", "POST /x", "", "x-a: 1")
                  .recordedAs("host: HOST", "x-a: 1", "content-length: 0"),
              SnippetCase.of("odd", "GET /a/../{b}\"'$(x)|?\u00e9", "", "x-a: it's \u00e9 %s"),
              SnippetCase.of("large body", "PUT /x", "\0".repeat(100_000), "x-a: 1"))) {
        SnippetCase clear = each.in(HttpVersion.HTTP_2).at("127.0.0.1");
        SnippetCase tls = each.in(HttpVersion.HTTP_2).overTls();
        assertThat(http2(SnippetFormat.CURL, clear, server, "h2c"))
            .isEqualTo(http2Headers(clear, server.port("h2c")));
        assertThat(http2(SnippetFormat.CURL, tls, server, "h2"))
            .isEqualTo(http2Headers(tls, server.port("h2")));
        if (each.name().equals("GET") || each.name().equals("body")) {
          List<Header> java = http2(SnippetFormat.JAVA, tls, server, "h2");
          assertThat(java.stream().filter(header -> !header.is("user-agent")))
              .containsExactlyInAnyOrderElementsOf(http2Headers(tls, server.port("h2")));
        }
      }
    }
  }

  /** The headers that came, if the body is right. */
  private List<Header> http2(
      SnippetFormat format, SnippetCase each, OriginProcess server, String port) throws Exception {
    Ran ran = run(each.written(format, server.port(port)), format, interpreter(format));
    assertThat(ran.status()).as("%s", ran).isZero();
    List<JsonNode> seen = server.seen();
    assertThat(seen).hasSize(1);
    byte[] body = Base64.getDecoder().decode(seen.getFirst().required("body").asString());
    assertThat(new String(body, ISO_8859_1)).isEqualTo(each.body());
    var headers = new ArrayList<Header>();
    JsonNode raw = seen.getFirst().required("headers");
    for (int at = 0; at < raw.size(); at += 2) {
      headers.add(new Header(raw.get(at).asString(), raw.get(at + 1).asString()));
    }
    return headers;
  }

  private static List<Header> http2Headers(SnippetCase each, int port) {
    var want = new ArrayList<Header>();
    want.add(new Header(":method", each.method()));
    want.add(new Header(":path", each.target()));
    want.add(new Header(":scheme", each.tls() ? "https" : "http"));
    want.add(new Header(":authority", each.authority(port)));
    exact(each, port).stream()
        .map(header -> new Header(header.lowerCaseName(), header.value()))
        .filter(header -> !header.is("host"))
        .forEach(want::add);
    return want;
  }

  private void all(SnippetFormat format, List<String> interpreter, List<SnippetCase> cases)
      throws Exception {
    var wrong = new ArrayList<String>();
    try (var plain = new RequestRecorder("127.0.0.1", null);
        var six = new RequestRecorder("::1", null);
        var tls = new RequestRecorder("127.0.0.1", TLS)) {
      for (SnippetCase each : cases) {
        RequestRecorder recorder = each.tls() ? tls : each.host().startsWith("[") ? six : plain;
        String problem = problem(format, interpreter, each, recorder);
        if (!problem.isEmpty()) {
          wrong.add(each.name() + ": " + problem);
        }
      }
    }
    assertThat(wrong).isEmpty();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .as("nothing was made by captured text")
          .allMatch(name -> name.matches("snippet\\..*|out|err"));
    }
  }

  private String problem(
      SnippetFormat format, List<String> interpreter, SnippetCase each, RequestRecorder recorder)
      throws Exception {
    int port = recorder.port();
    String text = each.written(format, port);
    Ran ran = run(text, format, interpreter);
    List<RequestRecorder.Seen> seen = recorder.take();
    if (each.unsendable().contains(format)) {
      return ran.status() != 0 && seen.isEmpty() ? "" : "sent what it cannot: " + text;
    }
    if (seen.size() != 1) {
      return "sent %d requests: %s%n%s".formatted(seen.size(), ran, text);
    }
    if (ran.status() != 0 && !each.method().equals("HEAD")) {
      return "failed: %s".formatted(ran);
    }
    RequestRecorder.Seen got = seen.getFirst();
    String difference = difference(format, each, port, got);
    return difference.isEmpty() ? "" : difference + "\n" + text;
  }

  private static String difference(
      SnippetFormat format, SnippetCase each, int port, RequestRecorder.Seen got) {
    HttpVersion version = format == SnippetFormat.CURL ? each.version() : HttpVersion.HTTP_1_1;
    String start = each.method() + " " + each.targetOf(format, port) + " " + version.text();
    boolean rewritten = each.rewritten() && format != SnippetFormat.CURL;
    if (rewritten
        ? !unescaped(got.startLine()).equals(unescaped(start))
        : !got.startLine().equals(start)) {
      return "start line " + got.startLine() + " and not " + start;
    }
    if (!got.body().equals(each.body())) {
      return "another body";
    }
    Object want = format == SnippetFormat.CURL ? exact(each, port) : joined(format, each, port);
    Object have = format == SnippetFormat.CURL ? got.headers() : joined(format, each, got);
    return have.equals(want) ? "" : "headers " + have + " and not " + want;
  }

  /** What is the same whatever of it is escaped; the Fetch standard turns backslashes round. */
  private static String unescaped(String text) {
    return Pattern.compile("%([0-9A-Fa-f]{2})")
        .matcher(text)
        .replaceAll(escape ->
            Matcher.quoteReplacement(Character.toString(Integer.parseInt(escape.group(1), 16))))
        .replace('\\', '/');
  }

  /** Host comes first, and what tells the body's length comes last. */
  private static List<Header> exact(SnippetCase each, int port) {
    var out = new ArrayList<>(each.sentTo(port));
    for (Header header : each.headers()) {
      if (header.is("Content-Length") || header.is("Transfer-Encoding")) {
        out.add(header);
      }
    }
    return out;
  }

  /** By name, in lower case, as other tools may sort and join them. */
  private static Map<String, String> joined(SnippetFormat format, SnippetCase each, int port) {
    Map<String, String> out = joined(format, exact(each, port));
    each.unsayable().getOrDefault(format, Set.of()).forEach(out::remove);
    out.remove("connection");
    return out;
  }

  private static Map<String, String> joined(
      SnippetFormat format, SnippetCase each, RequestRecorder.Seen got) {
    Map<String, String> out = joined(format, got.headers());
    var added = new TreeSet<>(OWN.getOrDefault(format, Set.of()));
    each.headers().forEach(header -> added.remove(header.lowerCaseName()));
    added.add("connection");
    boolean ownHost = each.unsayable().getOrDefault(format, Set.of()).contains("host");
    if (ownHost || each.headers().stream().noneMatch(header -> header.is("Host"))) {
      added.add("host");
    }
    added.forEach(out::remove);
    if (each.body().isEmpty()
        && each.headers().stream().noneMatch(header -> header.is("Content-Length"))) {
      out.remove("content-length", "0");
    }
    return out;
  }

  private static Map<String, String> joined(SnippetFormat format, List<Header> headers) {
    var out = new TreeMap<String, String>();
    for (Header header : headers) {
      boolean cookies = header.is("Cookie") && format != SnippetFormat.HTTPIE;
      String between = cookies ? "; " : JOINING.contains(format) ? ", " : " and ";
      out.merge(header.lowerCaseName(), header.value(), (one, two) -> one + between + two);
    }
    return out;
  }

  private List<String> interpreter(SnippetFormat format) {
    return switch (format) {
      case CURL, HTTPIE -> List.of("sh");
      case FETCH -> List.of("node");
      case REQUESTS -> List.of(Tools.PYTHON.toString());
      case JAVA ->
          List.of(
              JAVA,
              "-XX:TieredStopAtLevel=1",
              "-Djavax.net.ssl.trustStore=" + shared.resolve("ca.p12"),
              "-Djavax.net.ssl.trustStorePassword=trusted");
      case MARKDOWN -> throw new IllegalArgumentException("a report is not run");
    };
  }

  /** How a snippet ended. */
  private record Ran(int status, String out, String err) {}

  private Ran run(String text, SnippetFormat format, List<String> interpreter) throws Exception {
    Path file = Files.writeString(folder.resolve("snippet." + format.extension()), text);
    var command = new ArrayList<>(interpreter);
    command.add(file.toString());
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    environment.put("HOME", shared.toString());
    environment.put("CURL_CA_BUNDLE", shared.resolve("ca.pem").toString());
    environment.put("REQUESTS_CA_BUNDLE", shared.resolve("ca.pem").toString());
    environment.put("NODE_EXTRA_CA_CERTS", shared.resolve("ca.pem").toString());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(HANG_GUARD_SECONDS, TimeUnit.SECONDS)).as(text).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().onExit().join();
    }
    return new Ran(
        process.exitValue(),
        Files.readString(folder.resolve("out")),
        Files.readString(folder.resolve("err")));
  }
}
