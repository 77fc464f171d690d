package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The example of the README: it compiles, it runs, and the README shows this very text. */
class EmbeddingExampleTest {
  private static final String SOURCE =
      "src/test/java/dev/earshot/session/EmbeddingExampleTest.java";

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);

  @Test
  void theExampleSeesTheCall() throws Exception {
    HttpServer origin =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    origin.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    origin.start();
    try {
      example("http://localhost:" + origin.getAddress().getPort() + "/hello");
    } finally {
      origin.stop(0);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains("ExchangeStarted", "/hello", "ExchangeFinished")
        .endsWith("0\n");
  }

  private void example(String url) throws InterruptedException {
    // begin
    var plan = SessionPlan.of(System.getenv(), "curl", "-s", url);
    var log = new EventLog();
    try (var events = log.subscribe();
        var session = Session.start(plan, log, Cancellation.root())) {
      for (var next = events.take(); next.isPresent(); next = events.take()) {
        out.println(next.get().event());
      }
      out.println(session.await().exitCode());
    }
    // end
  }

  @Test
  void theReadmeShowsThisCode() throws Exception {
    String source = Files.readString(Path.of(SOURCE));
    String code =
        source
            .substring(
                source.indexOf("// begin\n") + "// begin\n".length(), source.indexOf("    // end"))
            .lines()
            .map(line -> line.strip().replace("out.println", "System.out.println"))
            .collect(Collectors.joining("\n"));
    String readme = Files.readString(Path.of("..", "README.md"));
    String shown = readme.substring(readme.indexOf("```java\n") + "```java\n".length());
    assertThat(
            shown
                .substring(0, shown.indexOf("\n```"))
                .lines()
                .map(String::strip)
                .collect(Collectors.joining("\n")))
        .isEqualTo(code);
  }
}
