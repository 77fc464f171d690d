package dev.earshot.cli;

import static dev.earshot.cli.Programs.needs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Upstreams whose certificate is wrong in one way: the client is answered in words of their own,
 * and the ways out that these name are ways out, for that upstream alone.
 */
class UpstreamVerificationIT {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
  private static final String ELSE = "--insecure=localhost or --passthrough localhost";
  private static final TestCa CA = TestCa.create("Known Root");
  private static final TestCa OTHER = TestCa.create("Other Root");

  /**
   * A server.
   *
   * @param what is said of its certificate
   * @param ways that are named
   */
  record Wrong(TestCa.Server server, String what, String ways) {}

  private static final Wrong SELF_SIGNED =
      new Wrong(
          TestCa.selfSigned("localhost"),
          "the certificate of localhost is self-signed (CN=localhost)",
          "; try: --upstream-ca FILE, " + ELSE);

  private static final Wrong UNKNOWN_AUTHORITY =
      new Wrong(
          OTHER.server("localhost"),
          "the certificate of localhost was issued by an unknown authority (CN=Other Root)",
          "; try: --upstream-ca FILE, " + ELSE);

  private static final List<Wrong> ALL =
      List.of(
          SELF_SIGNED,
          UNKNOWN_AUTHORITY,
          new Wrong(
              CA.intermediate("Between").server("localhost"),
              "the certificate of localhost was issued by an unknown authority (CN=Between), and no"
                  + " intermediate certificate was sent",
              "; try: --upstream-ca FILE, " + ELSE),
          new Wrong(
              CA.expired("localhost"), "a certificate of localhost expired on ", "; try: " + ELSE),
          new Wrong(
              CA.notYetValid("localhost"),
              "a certificate of localhost is not valid before ",
              "; try: " + ELSE),
          new Wrong(
              CA.server("other.test", "10.0.0.1"),
              "the certificate is not for localhost, but for other.test, 10.0.0.1",
              "; try: " + ELSE));

  @TempDir Path folder;
  private Earshot earshot;
  private Path known;
  private Path stream;

  @BeforeEach
  void user() throws Exception {
    needs("curl", "curl");
    earshot = new Earshot(folder);
    known = Files.writeString(folder.resolve("known.pem"), CA.caPem());
    stream = folder.resolve("events.ndjson");
  }

  @Test
  void eachIsA502InItsOwnWordsAndInsecureMakesAllWorkForThatHostAlone() throws Exception {
    List<ScriptedOrigin> origins = new ArrayList<>();
    try (var other = origin(TestCa.selfSigned("127.0.0.1"))) {
      List<String> curls = new ArrayList<>();
      for (Wrong wrong : ALL) {
        var origin = origin(wrong.server);
        origins.add(origin);
        curls.add("curl -sS -w '%{http_code}\\n' https://localhost:" + origin.port() + "/");
      }
      curls.add(status("https://127.0.0.1:" + other.port() + "/"));

      List<String> said = run(List.of(), curls).out().lines().toList();

      List<JsonNode> failed = Events.read(stream).all("exchange.failed");
      for (int i = 0; i < ALL.size(); i++) {
        Wrong wrong = ALL.get(i);
        assertThat(said.get(2 * i)).startsWith("earshot: ").contains(wrong.what, wrong.ways);
        assertThat(said.get(2 * i + 1)).isEqualTo("502");
        assertThat(failed.get(i).get("error").asString()).isEqualTo("upstream_tls");
        assertThat(failed.get(i).get("detail").asString())
            .startsWith(wrong.what)
            .endsWith(wrong.ways);
      }
      assertThat(run(List.of("--insecure=localhost"), curls).out())
          .isEqualTo("ok\n200\n".repeat(ALL.size()) + "502\n");
    } finally {
      for (ScriptedOrigin origin : origins) {
        origin.close();
      }
    }
  }

  @Test
  void insecureForAPortLeavesTheOthersVerified() throws Exception {
    try (var origin = origin(TestCa.selfSigned("localhost"));
        var other = origin(TestCa.selfSigned("localhost"))) {
      List<String> curls =
          List.of(
              status("https://localhost:" + origin.port() + "/"),
              status("https://localhost:" + other.port() + "/"));

      assertThat(run(List.of("--insecure=localhost:" + origin.port()), curls).out())
          .isEqualTo("200\n502\n");
      assertThat(run(List.of("--insecure"), curls).out()).isEqualTo("200\n200\n");
    }
  }

  /** Any certificate may be an anchor: a root, one between, or the server's own. */
  @Test
  void anUpstreamCaMakesItWorkForWhatItVouchesFor() throws Exception {
    Path others = Files.writeString(folder.resolve("others.pem"), OTHER.caPem());
    Path own = SELF_SIGNED.server.write(folder).certificate();
    try (var unknown = origin(UNKNOWN_AUTHORITY.server);
        var selfSigned = origin(SELF_SIGNED.server)) {
      List<String> curls =
          List.of(
              status("https://localhost:" + unknown.port() + "/"),
              status("https://localhost:" + selfSigned.port() + "/"));

      assertThat(run(List.of("--upstream-ca", others.toString()), curls).out())
          .isEqualTo("200\n502\n");
      assertThat(run(List.of("--upstream-ca", own.toString()), curls).out())
          .isEqualTo("502\n200\n");
    }
  }

  @Test
  void anIntermediateAsUpstreamCaCompletesAChain() throws Exception {
    TestCa between = CA.intermediate("Between");
    Path anchor = Files.writeString(folder.resolve("between.pem"), between.caPem());
    try (var origin = origin(between.server("localhost"))) {
      List<String> curls = List.of(status("https://localhost:" + origin.port() + "/"));

      assertThat(run(List.of("--upstream-ca", anchor.toString()), curls).out()).isEqualTo("200\n");
    }
  }

  @Test
  void whatPassesThroughIsItsClientsToVerify() throws Exception {
    try (var origin = origin(OTHER.server("127.0.0.1", "localhost"));
        var decrypted = origin(CA.server("127.0.0.1"))) {
      Path others = Files.writeString(folder.resolve("others.pem"), OTHER.caPem());
      List<String> curls =
          List.of(
              "curl -sS --cacert " + others + " https://127.0.0.1:" + origin.port() + "/",
              status("https://localhost:" + origin.port() + "/"),
              status("https://127.0.0.1:" + decrypted.port() + "/"));

      var run = run(List.of("--passthrough", "10.0.0.1,127.*.1:" + origin.port()), curls);

      assertThat(run.out()).isEqualTo("ok\n502\n200\n");
      Events events = Events.read(stream);
      assertThat(events.one("tunnel.opened").get("why").asString()).isEqualTo("passthrough");
      assertThat(events.one("exchange.finished").get("status").asInt()).isEqualTo(200);
    }
  }

  private static ScriptedOrigin origin(TestCa.Server server) throws Exception {
    return ScriptedOrigin.startTls(server.context(), ScriptedOrigin.answering(OK));
  }

  private static String status(String url) {
    return "curl -s -o /dev/null -w '%{http_code}\\n' " + url;
  }

  private Earshot.Finished run(List<String> options, List<String> commands) throws Exception {
    Files.deleteIfExists(stream);
    List<String> line = new ArrayList<>(List.of("run", "-q", "-e", stream.toString()));
    line.addAll(List.of("--upstream-ca", known.toString()));
    line.addAll(options);
    line.addAll(List.of("--", "sh", "-c", String.join("; ", commands)));
    return earshot.run(line.toArray(String[]::new));
  }
}
