package dev.earshot.cli;

import static dev.earshot.cli.Programs.needs;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Sessions that live at the same time: beside each other, within each other, and behind a proxy
 * that decrypts, as companies have. Each hears what is its own, TLS is verified on every hop, and
 * each ends in order and leaves nothing.
 */
class SessionsTogetherIT {
  @TempDir Path folder;
  private final TestCa ca = TestCa.create();
  private ClientOrigin origin;
  private Earshot earshot;
  private Path originCa;
  private Path stream;
  private Path others;

  @BeforeEach
  void originAndUser() throws Exception {
    needs("curl", "curl");
    origin = new ClientOrigin(ca).on("/hello", SessionsTogetherIT::hello);
    earshot = new Earshot(folder);
    originCa = Files.writeString(folder.resolve("origin.pem"), ca.caPem());
    stream = folder.resolve("events.ndjson");
    others = folder.resolve("others.ndjson");
  }

  @AfterEach
  void originEnds() {
    origin.close();
  }

  @Test
  void twoOfOneUserHearEachItsOwn() throws Exception {
    var arrived = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    origin.on(
        "/held",
        exchange -> {
          arrived.countDown();
          await(gate);
          hello(exchange);
        });
    try (var first = earshot.start(line(others, "curl", "-sS", origin.https("/held")))) {
      first.stdin().close();
      await(arrived);
      var second = earshot.run(line(stream, "curl", "-sS", origin.https("/hello")));
      assertThat(second.out()).as(second.stderr()).isEqualTo("hello\n");
      gate.countDown();
      assertThat(first.finish().out()).isEqualTo("hello\n");
    } finally {
      gate.countDown();
    }
    Events held = Events.read(others);
    Events free = Events.read(stream);
    // One was within the other.
    assertThat(time(held.one("exchange.started"))).isBefore(time(free.one("session.starting")));
    assertThat(time(free.one("session.stopped"))).isBefore(time(held.one("exchange.finished")));
    assertThat(url(held)).isEqualTo(origin.https("/held"));
    assertThat(url(free)).isEqualTo(origin.https("/hello"));
    assertThat(text(held, "session")).isNotEqualTo(text(free, "session"));
    assertThat(text(held, "proxy")).isNotEqualTo(text(free, "proxy"));
    assertThat(text(held, "ca")).isEqualTo(text(free, "ca"));
    earshot.nothingIsLeft(held);
    earshot.nothingIsLeft(free);
  }

  /** Whose authority is its own, so that it has to trust that of the outer one. */
  @Test
  void oneWithinAnotherIsVerifiedOnEachHop() throws Exception {
    String curls = "curl -sS %1$s %1$s && curl -sS --http2 %1$s".formatted(origin.https("/hello"));
    var run =
        earshot.run(
            line(
                others,
                "env",
                "XDG_DATA_HOME=" + folder.resolve("data"),
                Earshot.LAUNCHER.toString(),
                "run",
                "-e",
                stream.toString(),
                "--",
                "sh",
                "-c",
                curls));

    assertThat(run.out()).as(run.stderr()).isEqualTo("hello\n".repeat(3));
    Events outer = Events.read(others);
    Events inner = Events.read(stream);
    assertThat(text(inner, "ca")).isNotEqualTo(text(outer, "ca"));
    for (Events each : List.of(outer, inner)) {
      assertThat(each.all("exchange.finished"))
          .hasSize(3)
          .allMatch(end -> end.get("status").asInt() == 200);
      assertThat(each.all("exchange.started"))
          .allMatch(start -> start.get("url").asString().equals(origin.https("/hello")))
          .allMatch(start -> start.get("owned").asBoolean());
      assertThat(each.types()).doesNotContain("warning", "tunnel.opened", "bypass");
      earshot.nothingIsLeft(each);
    }
    assertThat(processes(inner)).containsOnly("curl");
    assertThat(processes(outer)).containsOnly("java");
    assertThat(origin.calls()).hasSize(3);
    assertThat(time(inner.one("session.stopped"))).isBefore(time(outer.one("process.exited")));
  }

  /** The company's is an Earshot of another user's, whose authority a variable names. */
  @Test
  void oneBehindAProxyThatDecryptsTrustsItByTheUsersVariables() throws Exception {
    var company = new Earshot(Files.createDirectory(folder.resolve("company")));
    try (var proxy = company.start(line(others, "cat"))) {
      Eventually.until(
          "the company's proxy is there",
          () -> Files.exists(others) && Files.readString(others).contains("\"session.started\""));
      JsonNode started = told(others, "session.started");
      String address = started.get("proxy").asString();
      earshot.with("HTTPS_PROXY", address).with("https_proxy", address);
      String[] command =
          line(stream, "curl", "-sS", origin.https("/hello"), origin.https("/hello"));

      earshot.with("SSL_CERT_FILE", started.get("ca").asString());
      var run = earshot.run(command);
      assertThat(run.out()).as(run.stderr()).isEqualTo("hello\n".repeat(2));
      Events own = Events.read(stream);
      assertThat(own.all("exchange.finished"))
          .hasSize(2)
          .allMatch(end -> end.get("status").asInt() == 200);
      earshot.nothingIsLeft(own);

      // It still trusts the origin's authority, which is not what it is shown.
      earshot.with("SSL_CERT_FILE", originCa.toString());
      var refused = earshot.run(command);
      assertThat(refused.out())
          .contains("the certificate of localhost was issued by an unknown authority (CN=");
      // From then on the company's passes undecrypted what this Earshot calls there.
      assertThat(refused.out()).endsWith("hello\n");
      Events once = Events.read(stream);
      assertThat(once.one("exchange.failed").get("error").asString()).isEqualTo("upstream_tls");
      assertThat(once.one("exchange.finished").get("status").asInt()).isEqualTo(200);
      earshot.nothingIsLeft(once);

      proxy.stdin().close();
      assertThat(proxy.finish().status()).isZero();
    }
    Events theirs = Events.read(others);
    assertThat(theirs.all("exchange.finished")).hasSize(2);
    assertThat(theirs.one("warning").get("code").asString()).isEqualTo("client_rejected_ca");
    assertThat(theirs.one("tunnel.opened").get("process").asString()).isEqualTo("java");
    assertThat(theirs.all("exchange.started")).allMatch(start -> !start.get("owned").asBoolean());
    company.nothingIsLeft(theirs);
  }

  private String[] line(Path events, String... command) {
    List<String> line = new ArrayList<>();
    line.addAll(List.of("run", "-e", events.toString(), "-q"));
    line.addAll(List.of("--upstream-ca", originCa.toString(), "--"));
    line.addAll(List.of(command));
    return line.toArray(String[]::new);
  }

  private static JsonNode told(Path stream, String type) throws IOException {
    String found =
        Files.readString(stream)
            .lines()
            .filter(line -> line.contains(type))
            .findFirst()
            .orElseThrow();
    return new ObjectMapper().readTree(found);
  }

  private static void hello(HttpExchange exchange) throws IOException {
    byte[] body = "hello\n".getBytes(UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private static void await(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String url(Events events) {
    return events.one("exchange.started").get("url").asString();
  }

  private static List<String> processes(Events events) {
    return events.all("exchange.started").stream()
        .map(start -> start.get("process").asString())
        .toList();
  }

  private static String text(Events events, String field) {
    return events.one("session.started").get(field).asString();
  }

  private static Instant time(JsonNode line) {
    return Instant.parse(line.get("time").asString());
  }
}
