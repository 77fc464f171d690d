package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Programs that go around Earshot are told, with the reason; those that do not are not. */
@Tag("interop")
class BypassInteropIT {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

  private static final String GO =
      """
      package main

      import (
        "net/http"
        "os"
      )

      func main() {
        response, err := http.Get(os.Args[1])
        if err != nil {
          panic(err)
        }
        response.Body.Close()
      }
      """;

  /** Serves itself, by a child and by itself, at a port that is free. */
  private static final String OWN_SERVER =
      """
      import http.client, http.server, os, sys, threading

      class Slow(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              slow.wait()
              self.send_response(200)
              self.end_headers()

          def log_message(self, *_):
              pass

      slow = threading.Event()
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
      threading.Thread(target=server.serve_forever, daemon=True).start()

      def call():
          connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
          connection.request("GET", "/")
          connection.getresponse().read()

      child = os.fork()
      if child == 0:
          call()
          os._exit(0)
      own = threading.Thread(target=call)
      own.start()
      stranger = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
      stranger.request("GET", "/")
      stranger.getresponse().read()
      slow.set()
      own.join()
      os.waitpid(child, 0)
      """;

  @TempDir Path folder;
  private Path stream;

  @BeforeAll
  static void programs() {
    Tools.areThere();
  }

  @BeforeEach
  void stream() {
    stream = folder.resolve("events.ndjson");
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES)
  void aGoProgramThatCallsTheLoopbackIsTold() throws Exception {
    Path source = Files.writeString(folder.resolve("call.go"), GO);
    Path program = folder.resolve("call");
    build(source, program);
    try (var origin = held()) {
      String url = "http://127.0.0.1:" + origin.port() + "/";
      JsonNode told = only(run(program.toString(), url));
      assertThat(told.get("process").asString()).isEqualTo("call");
      assertThat(told.get("remote").asString()).isEqualTo("127.0.0.1:" + origin.port());
      assertThat(told.get("kind").asString()).isEqualTo("unknown");
      assertThat(told.get("hint").asString()).startsWith("Go's net/http never uses a proxy");
      assertThat(told.get("run").asInt()).isEqualTo(1);
    }
  }

  @Test
  void theFetchOfAnOldNodeIsTold() throws Exception {
    try (var origin = held()) {
      String script = "await (await fetch('http://localhost:" + origin.port() + "/')).text()";
      Events events = run("node", "--input-type=module", "-e", script);
      JsonNode told = only(events);
      assertThat(told.get("hint").asString()).contains("has no proxy variable").contains("Node 24");
      assertThat(events.one("session.stopped").get("bypassed").asInt()).isEqualTo(1);
    }
  }

  @Test
  void theSummarySaysItUnlessItIsToBeQuiet() throws Exception {
    for (String quiet : List.of("", "-q")) {
      Files.deleteIfExists(stream);
      try (var origin = held()) {
        String call = rawCall("127.0.0.1", origin.port());
        List<String> line = new ArrayList<>(List.of("run", "-e", stream.toString()));
        if (!quiet.isEmpty()) {
          line.add(quiet);
        }
        line.addAll(List.of("--", "bash", "-c", call));
        var run = new Earshot(folder).run(line.toArray(String[]::new));
        assertThat(run.status()).as(run.stderr()).isZero();
        if (quiet.isEmpty()) {
          assertThat(run.stderr())
              .contains("earshot: at least 1 connection went around Earshot: bash (")
              .contains("127.0.0.1:" + origin.port());
        } else {
          assertThat(run.stderr()).isEmpty();
        }
      }
    }
  }

  @Test
  void aDatabaseIsToldAsOne() throws Exception {
    // A database of this machine's own listens at another address of the loopback.
    var address = new InetSocketAddress(InetAddress.ofLiteral("127.89.54.32"), 5432);
    try (var origin = ScriptedOrigin.start(address, null, this::answerOnceTold)) {
      Events events = run("bash", "-c", rawCall("127.89.54.32", origin.port()));
      JsonNode told = only(events);
      assertThat(told.get("kind").asString()).isEqualTo("service");
      assertThat(told.get("service").asString()).isEqualTo("PostgreSQL");
      assertThat(told.get("hint").asString()).isEqualTo("PostgreSQL: not HTTP");
      assertThat(events.one("session.stopped").get("bypassed").asInt()).isZero();
    }
  }

  /** They wait until a connection of the same program to somebody else was told. */
  @Test
  void aProgramThatCallsItselfIsNotTold() throws Exception {
    Path script = Files.writeString(folder.resolve("own.py"), OWN_SERVER);
    try (var origin = held()) {
      Events events =
          run(Tools.PYTHON.toString(), script.toString(), String.valueOf(origin.port()));
      assertThat(only(events).get("remote").asString()).endsWith(":" + origin.port());
    }
  }

  /** It waits until a connection of its parent to somebody else was told. */
  @Test
  void aClientThatUsesTheProxyIsNotTold() throws Exception {
    try (var origin = held();
        var slow = held()) {
      String script =
          "curl -sS http://127.0.0.1:"
              + slow.port()
              + "/ > $0/out & "
              + rawCall("127.0.0.1", origin.port())
              + "; wait";
      Events events = run("bash", "-c", script, folder.toString());
      assertThat(only(events).get("remote").asString()).endsWith(":" + origin.port());
      assertThat(events.all("exchange.finished")).hasSize(1);
    }
  }

  /** An origin that answers once a connection that went around was told. */
  private ScriptedOrigin held() throws Exception {
    return ScriptedOrigin.start(this::answerOnceTold);
  }

  private void answerOnceTold(ScriptedOrigin.Connection connection) throws Exception {
    connection.readHead();
    Eventually.until("a bypass is told", () -> Files.readString(stream).contains("\"bypass\""));
    connection.send(OK);
  }

  /** For bash, which knows of no proxy. */
  private static String rawCall(String host, int port) {
    return "exec 3<>/dev/tcp/%s/%d; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; read -u 3 _"
        .formatted(host, port);
  }

  private static JsonNode only(Events events) {
    return events.one("bypass");
  }

  private Events run(String... command) throws Exception {
    List<String> line = new ArrayList<>(List.of("run", "-e", stream.toString(), "--"));
    line.addAll(Arrays.asList(command));
    var run = new Earshot(folder).run(line.toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
    Events events = Events.read(stream);
    List<String> types = events.types();
    assertThat(types.lastIndexOf("bypass")).isLessThan(types.indexOf("process.tree_gone"));
    return events;
  }

  private void build(Path source, Path program) throws Exception {
    var builder = new ProcessBuilder("go", "build", "-o", program.toString(), source.toString());
    builder
        .environment()
        .put("GOCACHE", Path.of("target", "interop", "go-cache").toAbsolutePath().toString());
    builder.environment().put("CGO_ENABLED", "0");
    Process go = builder.redirectErrorStream(true).start();
    go.getOutputStream().close();
    String said = new String(go.getInputStream().readAllBytes(), UTF_8);
    assertThat(go.waitFor()).as("go build: " + said).isZero();
  }
}
