package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Each call says in a header which process makes it; the event stream says the same. */
@Tag("interop")
class OwnersInteropIT {
  private static final String NESTED =
      """
      sh -c 'exec curl -sS -o /dev/null -H "X-Pid: $$" $0' $2
      [ $1 = 0 ] || sh $0 $(($1 - 1)) $2
      """;

  private static final String DAEMON =
      """
      sh -c 'exec curl -sS -o /dev/null -H "X-Pid: $$" $0' $1
      echo > $2
      """;

  private static final String JAVA =
      """
      import java.net.URI;
      import java.net.http.*;
      import java.util.*;
      import java.util.concurrent.*;

      public class Pooled {
        public static void main(String[] url) throws Exception {
          String pid = String.valueOf(ProcessHandle.current().pid());
          var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
          var request = HttpRequest.newBuilder(URI.create(url[0])).header("X-Pid", pid).build();
          for (int round = 0; round < 5; round++) {
            var calls = new ArrayList<CompletableFuture<?>>();
            for (int i = 0; i < 10; i++) {
              calls.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
            }
            CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)).get();
          }
        }
      }
      """;

  private static final String NODE =
      """
      const headers = {'X-Pid': String(process.pid)};
      const call = async () => (await fetch(process.argv[2], {headers})).text();
      for (let round = 0; round < 5; round++) {
        await Promise.all(Array.from({length: 10}, call));
      }
      """;

  private static Path packages;

  @TempDir Path folder;
  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer origin;

  @BeforeAll
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  static void install() throws Exception {
    Tools.areThere();
    packages = NodePackages.install();
  }

  @BeforeEach
  void originStarts() throws Exception {
    origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 512);
    origin.setExecutor(handlers);
    origin.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, 3);
            exchange.getResponseBody().write("ok\n".getBytes(UTF_8));
          }
        });
    origin.start();
  }

  @AfterEach
  void originEnds() {
    origin.stop(0);
    handlers.close();
  }

  @Test
  void aHundredCurlsAtOnceAreToldApart() throws Exception {
    List<JsonNode> calls =
        calls(
            100,
            "sh",
            "-c",
            "for i in $(seq 100); do sh -c 'exec curl -sS -o /dev/null -H \"X-Pid: $$\" $0' $0 &"
                + " done; wait",
            url());
    assertThat(calls).extracting(call -> call.get("process").asString()).containsOnly("curl");
    assertThat(calls).extracting(call -> call.get("pid").asLong()).doesNotHaveDuplicates();
  }

  @Test
  void childrenOfChildrenAndDaemonsAreOwned() throws Exception {
    Path nested = Files.writeString(folder.resolve("nested.sh"), NESTED);
    Path daemon = Files.writeString(folder.resolve("daemon.sh"), DAEMON);
    String script = "mkfifo $3; sh $1 4 $0; (setsid sh $2 $0 $3 &); read _ < $3";
    Path fifo = folder.resolve("fifo");
    calls(6, "sh", "-c", script, url(), nested.toString(), daemon.toString(), fifo.toString());
  }

  @Test
  void thePooledConnectionsOfJavaAreItsOwn() throws Exception {
    Path source = Files.writeString(folder.resolve("Pooled.java"), JAVA);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    calls(50, java, source.toString(), url());
  }

  @Test
  void thePooledConnectionsOfNodeAreItsOwn() throws Exception {
    Path source = Files.writeString(folder.resolve("pooled.mjs"), NODE);
    calls(50, NodePackages.node24(packages).toString(), source.toString(), url());
  }

  private String url() {
    return "http://localhost:" + origin.getAddress().getPort() + "/";
  }

  /** Runs a command that calls so often, and returns its calls. */
  private List<JsonNode> calls(int count, String... command) throws Exception {
    Path stream = folder.resolve("events.ndjson");
    List<String> line = new ArrayList<>(List.of("run", "-e", stream.toString(), "--"));
    line.addAll(Arrays.asList(command));
    var run = new Earshot(folder).run(line.toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
    Events events = Events.read(stream);
    assertThat(events.all("connection.refused")).isEmpty();
    List<JsonNode> calls = new ArrayList<>(events.all("exchange.started"));
    calls.addAll(events.all("tunnel.opened"));
    assertThat(calls).hasSize(count);
    for (JsonNode call : calls) {
      assertThat(call.get("owned").asBoolean()).as(call.toString()).isTrue();
      assertThat(call.get("run").asInt()).isEqualTo(1);
      assertThat(call.get("pid").asString()).as(call.toString()).isEqualTo(header(call));
    }
    return calls;
  }

  private static String header(JsonNode call) {
    for (JsonNode header : call.get("request_headers")) {
      if (header.get(0).asString().equalsIgnoreCase("X-Pid")) {
        return header.get(1).asString();
      }
    }
    throw new AssertionError("no X-Pid in " + call);
  }
}
