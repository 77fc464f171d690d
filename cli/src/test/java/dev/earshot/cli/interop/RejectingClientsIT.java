package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Real programs that trust the origin and not Earshot: the call that shows it fails, those after it
 * go through undecrypted, and it is told once.
 */
@Tag("interop")
class RejectingClientsIT {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  private static final String PYTHON =
      """
      import ssl, sys, urllib.request

      context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
      context.load_verify_locations(sys.argv[1])
      context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[3]]
      for _ in range(3):
          try:
              print(urllib.request.urlopen(sys.argv[2], context=context).status)
          except OSError:
              print("failed")
      """;

  private static final String NODE =
      """
      import fs from 'node:fs'
      import http from 'node:http'
      import https from 'node:https'
      import tls from 'node:tls'

      const proxy = new URL(process.env.https_proxy)
      const ca = fs.readFileSync(process.argv[2])
      const url = new URL(process.argv[3])
      const call = () => new Promise((done) => {
        const connect = http.request(
          { host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: url.host })
        connect.on('connect', (_, socket) => {
          const createConnection = () => tls.connect({ socket, ca, servername: url.hostname })
          https.get(url, { createConnection }, (response) => {
            response.resume().on('end', () => done(response.statusCode))
          }).on('error', () => done('failed'))
        }).end()
      })
      for (let i = 0; i < 3; i++) console.log(await call())
      """;

  private static final String JAVA =
      """
      import java.io.*;
      import java.net.*;
      import java.net.http.*;
      import java.nio.file.*;
      import java.security.KeyStore;
      import java.security.cert.CertificateFactory;
      import javax.net.ssl.*;

      public class Pinning {
        public static void main(String[] arguments) throws Exception {
          var store = KeyStore.getInstance("PKCS12");
          store.load(null, null);
          try (var in = Files.newInputStream(Path.of(arguments[0]))) {
            store.setCertificateEntry(
                "a", CertificateFactory.getInstance("X.509").generateCertificate(in));
          }
          var trust = TrustManagerFactory.getInstance("PKIX");
          trust.init(store);
          var context = SSLContext.getInstance("TLS");
          context.init(null, trust.getTrustManagers(), null);
          var client = HttpClient.newBuilder().sslContext(context).build();
          for (int i = 0; i < 3; i++) {
            try {
              var request = HttpRequest.newBuilder(URI.create(arguments[1])).build();
              System.out.println(
                  client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode());
            } catch (IOException e) {
              System.out.println("failed");
            }
          }
        }
      }
      """;

  @TempDir Path folder;
  private final TestCa ca = TestCa.create();
  private final TestCa.Server server = ca.server("localhost");
  private ScriptedOrigin origin;
  private Earshot earshot;
  private Path caFile;
  private String url;

  @BeforeAll
  static void programs() {
    Tools.areThere();
  }

  @BeforeEach
  void originAndUser() throws Exception {
    origin = ScriptedOrigin.startTls(server.context(), ScriptedOrigin.answering(OK));
    earshot = new Earshot(folder);
    caFile = Files.writeString(folder.resolve("own.pem"), ca.caPem());
    url = "https://localhost:" + origin.port() + "/";
  }

  @AfterEach
  void originEnds() throws IOException {
    origin.close();
  }

  static List<String> versions() {
    return List.of("--tlsv1.2 --tls-max 1.2 --http1.1", "--tlsv1.3 --http1.1", "--tlsv1.3 --http2");
  }

  /** Curl looks at a pinned key when the handshake is over, and leaves. */
  @ParameterizedTest
  @MethodSource("versions")
  void aPinningCurlFailsOnceAndOtherProgramsAreHeard(String version) throws Exception {
    String curl = "curl -sS -k %s -w '\\n' --pinnedpubkey %s %s".formatted(version, pin(), url);
    String other = "$PYTHON -c 'import urllib.request as u; print(u.urlopen(\"$0\").status)'";
    String script =
        "%s; echo $?; %s && %s; %s"
            .formatted(
                curl, curl, curl, other.replace("$PYTHON", "" + Tools.PYTHON).replace("$0", url));

    Events events = run("\n90\nok\nok\n200\n", "sh", "-c", script);

    JsonNode warning = toldOnce(events, "curl");
    assertThat(warning.get("text").asString()).contains("likely", "left without a request");
    passed(events, "curl", 2);
    assertThat(events.one("exchange.started").get("process").asString()).startsWith("python3");
    events.one("exchange.finished");
  }

  /** OpenSSL sends its alert in the clear, where TLS 1.3 does not expect it. */
  @ParameterizedTest
  @ValueSource(strings = {"TLSv1_2", "TLSv1_3"})
  void aContextOfPythonWithItsOwnAuthority(String version) throws Exception {
    Events events =
        run(
            "failed\n200\n200\n",
            Tools.PYTHON.toString(),
            "-c",
            PYTHON,
            caFile.toString(),
            url,
            version);

    JsonNode warning = toldOnce(events, "python3");
    assertThat(warning.get("text").asString()).contains("(unknown ca)");
    assertThat(warning.get("hint").asString()).contains("SSL_CERT_FILE", "--passthrough localhost");
    passed(events, "python3", 2);
  }

  @Test
  void theCaOptionOfNode() throws Exception {
    Path script = Files.writeString(folder.resolve("call.mjs"), NODE);

    Events events = run("failed\n200\n200\n", "node", script.toString(), caFile.toString(), url);

    assertThat(toldOnce(events, "node").get("hint").asString()).contains("NODE_EXTRA_CA_CERTS");
    passed(events, "node", 2);
  }

  @Test
  void aTrustStoreOfJavasOwn() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Path source = Files.writeString(folder.resolve("Pinning.java"), JAVA);

    Events events = run("failed\n200\n200\n", java, source.toString(), caFile.toString(), url);

    assertThat(toldOnce(events, "java").get("hint").asString()).contains("trustStore");
    // Its second call and its third share a connection.
    passed(events, "java", 1);
  }

  /** GnuTLS lets its user look at the certificate after the handshake. */
  @Test
  void aWgetWithItsOwnAuthority() throws Exception {
    String wget = "wget -qO- --ca-certificate=" + caFile + " " + url;

    Events events = run("5\nok", "sh", "-c", wget + "; echo $?; " + wget);

    toldOnce(events, "wget");
    passed(events, "wget", 1);
  }

  private Events run(String out, String... command) throws Exception {
    Path stream = folder.resolve("events.ndjson");
    List<String> line = new ArrayList<>();
    line.addAll(List.of("run", "-e", stream.toString(), "--upstream-ca", caFile.toString(), "--"));
    line.addAll(List.of(command));
    var run = earshot.run(line.toArray(String[]::new));
    assertThat(run.out()).as(run.stderr()).isEqualTo(out);
    assertThat(run.status()).isZero();
    assertThat(run.stderr()).containsOnlyOnce("passes undecrypted");
    return Events.read(stream);
  }

  private static JsonNode toldOnce(Events events, String program) {
    JsonNode warning = events.one("warning");
    assertThat(warning.get("code").asString()).isEqualTo("client_rejected_ca");
    assertThat(warning.get("text").asString())
        .startsWith(program)
        .contains(
            "certificate for localhost", "passes undecrypted, and is tried again after 10 min");
    assertThat(events.one("tunnel.failed").get("error").asString()).isEqualTo("client_gone");
    return warning;
  }

  private static void passed(Events events, String program, int count) {
    assertThat(events.all("tunnel.opened"))
        .hasSize(count)
        .allMatch(opened -> opened.get("why").asString().equals("client_rejected_ca"))
        .allMatch(opened -> opened.get("process").asString().startsWith(program));
    assertThat(events.all("tunnel.closed"))
        .allMatch(closed -> closed.get("down").asLong() > OK.length());
  }

  private String pin() throws Exception {
    byte[] key = server.chain().getFirst().getPublicKey().getEncoded();
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(key);
    return "sha256//" + Base64.getEncoder().encodeToString(digest);
  }
}
