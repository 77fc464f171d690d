package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Listeners for one origin, and clients that know of no proxy. */
@Tag("interop")
class ReverseInteropIT {
  private static final String OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
  private static final TestCa CA = TestCa.create();
  private static final Pattern LISTEN = Pattern.compile("\"listen\":\"([^\"]+)\"");

  /** Serves its folder until its input ends. */
  private static final String SERVER =
      """
      import functools, http.server, sys, threading
      handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[2])
      server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler)
      threading.Thread(target=server.serve_forever, daemon=True).start()
      open(sys.argv[2] + "/ready", "w").close()
      sys.stdin.read()
      """;

  @TempDir Path folder;

  @BeforeAll
  static void programs() {
    Tools.areThere();
  }

  @Test
  void whatCallsTheCommandsOwnServerIsSeen() throws Exception {
    Path www = Files.createDirectories(folder.resolve("www"));
    Files.writeString(www.resolve("a.txt"), "served");
    Path script = Files.writeString(folder.resolve("server.py"), SERVER);
    Path stream = folder.resolve("events.ndjson");
    int port = freePort();
    try (var run =
        new Earshot(folder)
            .start(
                "run",
                "-e",
                stream.toString(),
                "--reverse",
                "0=http://localhost:" + port,
                "--",
                Tools.PYTHON.toString(),
                script.toString(),
                String.valueOf(port),
                www.toString())) {
      Eventually.until("the server serves", () -> Files.exists(www.resolve("ready")));
      String listen = listen(stream);
      assertThat(curl("http://" + listen + "/a.txt")).isEqualTo("served");
      assertThat(curl("-k", "https://" + listen + "/a.txt")).isEqualTo("served");
      assertThat(curl("-o", "/dev/null", "-w", "%{http_code}", "http://" + listen + "/b.txt"))
          .isEqualTo("404");
      run.stdin().close();
      assertThat(run.finish().status()).isZero();
    }
    Events events = Events.read(stream);
    JsonNode told = events.one("proxy.started").get("reverse");
    assertThat(told).hasSize(1);
    assertThat(told.get(0).get("target").asString()).isEqualTo("http://localhost:" + port);
    assertThat(events.all("exchange.started"))
        .hasSize(3)
        .allMatch(each -> each.get("url").asString().startsWith("http://localhost:" + port + "/"))
        .allMatch(each -> !each.get("owned").asBoolean());
    assertThat(events.all("bypass")).isEmpty();
    new Earshot(folder).nothingIsLeft(events);
  }

  /** Its own variables lead a client of the command to the proxy, which knows its listeners. */
  @Test
  void theCommandIsToldWhereTheyAre() throws Exception {
    try (var plain = origin(false);
        var secure = origin(true)) {
      String script =
          """
          curl -sS "http://$EARSHOT_REVERSE_1/1"
          curl -sS --noproxy '*' "http://$EARSHOT_REVERSE_2/2"
          curl -sS --noproxy '*' "https://$EARSHOT_REVERSE_2/3"
          curl -sS "https://$EARSHOT_REVERSE_1/4"
          [ -z "${EARSHOT_REVERSE_3+x}" ]
          """;
      String first = "http://localhost:" + plain.port();
      String second = "https://localhost:" + secure.port();
      Events events =
          run(
              List.of("--reverse", "0=" + first, "--reverse", "[::1]:0=" + second),
              "hellohellohellohello",
              script);
      assertThat(events.all("exchange.started").stream().map(each -> each.get("url").asString()))
          .containsExactly(first + "/1", second + "/2", second + "/3", first + "/4");
      assertThat(events.all("exchange.started")).allMatch(each -> each.get("owned").asBoolean());
      assertThat(events.all("bypass")).isEmpty();
      assertThat(events.all("connection.refused")).isEmpty();
    }
  }

  @Test
  void http2IsSpokenWhereTheOriginSpeaksIt() throws Exception {
    try (var lab = Lab.open(OriginKind.NGINX)) {
      String script =
          """
          for flag in --http2-prior-knowledge --http1.1; do
            curl -sS -o /dev/null -w '%{http_version} ' --noproxy '*' $flag \
              "http://$EARSHOT_REVERSE_1/a.txt"
          done
          curl -sS -o /dev/null -w '%{http_version}' --noproxy '*' "https://$EARSHOT_REVERSE_1/a.txt"
          """;
      Events events =
          run(
              lab.ca(),
              List.of("--reverse", "0=https://" + lab.authority("nginx.h2")),
              "2 1.1 2",
              script);
      assertThat(events.all("exchange.finished"))
          .hasSize(3)
          .allMatch(each -> each.get("status").asInt() == 200);
    }
  }

  @Test
  void aPortThatIsTakenEndsTheStart() throws Exception {
    try (var taken = origin(false)) {
      Path stream = folder.resolve("events.ndjson");
      var run =
          new Earshot(folder)
              .run(
                  "run",
                  "-e",
                  stream.toString(),
                  "--reverse",
                  taken.port() + "=http://localhost:1",
                  "--",
                  "touch",
                  folder.resolve("ran").toString());
      assertThat(run.status()).isEqualTo(125);
      assertThat(run.stderr())
          .contains("cannot listen on 127.0.0.1:%d for --reverse".formatted(taken.port()));
      assertThat(folder.resolve("ran")).doesNotExist();
      assertThat(Events.read(stream).lifecycle())
          .containsExactly(
              "session.starting",
              "proxy.starting",
              "proxy.stopped",
              "session.stopping",
              "session.stopped");
    }
  }

  private static ScriptedOrigin origin(boolean tls) throws Exception {
    return ScriptedOrigin.start(
        "127.0.0.1",
        tls ? CA.serverContext("localhost") : null,
        connection -> {
          connection.readHead();
          connection.send(OK);
        });
  }

  private static int freePort() throws IOException {
    try (var origin = ScriptedOrigin.start(connection -> {})) {
      return origin.port();
    }
  }

  private static String listen(Path stream) throws IOException {
    Matcher matcher = LISTEN.matcher(Files.readString(stream));
    assertThat(matcher.find()).isTrue();
    return matcher.group(1);
  }

  private Events run(List<String> options, String output, String script) throws Exception {
    return run(CA, options, output, script);
  }

  private Events run(TestCa trusted, List<String> options, String output, String script)
      throws Exception {
    Path stream = folder.resolve("events.ndjson");
    List<String> line = new ArrayList<>(List.of("run", "-e", stream.toString()));
    line.addAll(options);
    line.addAll(List.of("--", "bash", "-ec", script));
    var earshot = new Earshot(folder);
    earshot.trust(trusted);
    var run = earshot.run(line.toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
    assertThat(run.out()).isEqualTo(output);
    return Events.read(stream);
  }

  /** Without a proxy, from outside of the command's tree. */
  private static String curl(String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("curl", "-sS", "-m", "20"));
    line.addAll(Arrays.asList(arguments));
    var builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.toLowerCase(Locale.ROOT).endsWith("proxy"));
    Process curl = builder.start();
    curl.getOutputStream().close();
    String out = new String(curl.getInputStream().readAllBytes(), UTF_8);
    assertThat(curl.waitFor()).as(out).isZero();
    return out;
  }
}
