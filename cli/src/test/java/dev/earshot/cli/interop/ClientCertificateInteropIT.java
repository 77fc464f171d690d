package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import dev.earshot.testkit.TestCa;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An openssl that demands a client's certificate. */
@Tag("interop")
class ClientCertificateInteropIT {
  private static final List<Lab> OPEN = new ArrayList<>();

  @RegisterExtension static final LabOfClass LAB = new LabOfClass(OPEN::add);

  private static final String CURL = "curl -sS -w ' %{http_code}' https://localhost:PORT/";

  @TempDir Path folder;
  private Earshot earshot;
  private Path authority;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
    authority = earshot.trust(lab().ca());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-tls1_2", "-tls1_3"})
  void theCertificateIsShownToItsHostAlone(String version) throws Exception {
    Path client = client("client.pem", lab().ca());
    try (OriginProcess origin = start(version)) {
      var shown = run(origin, List.of("--client-cert", "localhost:" + port(origin) + "=" + client));
      assertThat(shown.run().out()).endsWith(" 200").contains("s_server");
      assertThat(shown.run().stderr()).isEmpty();
      var other = run(origin, List.of("--client-cert", "*.example.com=" + client));
      assertThat(other.run().out())
          .contains("localhost asked for a client certificate, got none and ended the connection")
          .contains("try: --client-cert localhost=FILE")
          .endsWith(" 502");
      assertThat(other.events().one("exchange.failed").get("error").asString())
          .isEqualTo("upstream_tls");
    }
  }

  @Test
  void aCertificateThatIsNotAcceptedIsSaidNotToBe() throws Exception {
    Path client = client("client.pem", TestCa.create());
    try (OriginProcess origin = start("-tls1_3")) {
      var told = run(origin, List.of("--client-cert", "localhost=" + client));
      // Which alert that was is not always heard: the reset of unread requests overtakes it.
      assertThat(told.run().out())
          .contains("got that of --client-cert and ended the connection")
          .endsWith(" 502");
    }
  }

  @Test
  void aKeyThatOthersCanReadIsWarnedOf() throws Exception {
    Path client = client("client.pem", lab().ca());
    Files.setPosixFilePermissions(client, PosixFilePermissions.fromString("rw-r--r--"));
    var run = earshot.run("run", "--client-cert", "localhost=" + client, "--", "true");
    assertThat(run.status()).isZero();
    assertThat(run.stderr())
        .startsWith(
            "earshot: warning: other users can read the private key in %s; try: chmod 600 %s\n"
                .formatted(client, client));
  }

  @Test
  void aFileThatCannotBeUsedStopsTheStart() throws Exception {
    Path none = folder.resolve("none.pem");
    var missing = earshot.run("run", "--client-cert", "localhost=" + none, "--", "true");
    assertThat(missing.status()).isEqualTo(125);
    assertThat(missing.stderr())
        .contains("cannot use --client-cert " + none + ": there is no such file");
    Path alone = lab().ca().write(folder, "client.test").certificate();
    var keyless = earshot.run("run", "--client-cert", "localhost=" + alone, "--", "true");
    assertThat(keyless.status()).isEqualTo(125);
    assertThat(keyless.stderr()).contains("it has no private key");
    var bad = earshot.run("run", "--client-cert", "localhost", "--", "true");
    assertThat(bad.status()).isEqualTo(125);
    assertThat(bad.stderr()).contains("HOST=FILE");
  }

  private record Told(Earshot.Finished run, Events events) {}

  private Told run(OriginProcess origin, List<String> options) throws Exception {
    Path stream = folder.resolve("events.ndjson");
    List<String> line = new ArrayList<>();
    line.addAll(List.of("run", "-q", "-e", stream.toString(), "--upstream-ca", "" + authority));
    line.addAll(options);
    line.addAll(List.of("--", "sh", "-c", CURL.replace("PORT", port(origin))));
    Earshot.Finished finished = earshot.run(line.toArray(String[]::new));
    return new Told(finished, Events.of(Files.readString(stream)));
  }

  private Path client(String name, TestCa issuer) throws Exception {
    Path own = Files.createDirectories(folder.resolve(name + ".d"));
    TestCa.PemFiles files = issuer.write(own, "client.test");
    Path both = folder.resolve(name);
    Files.writeString(both, Files.readString(files.certificate()) + Files.readString(files.key()));
    Files.setPosixFilePermissions(both, PosixFilePermissions.fromString("rw-------"));
    return both;
  }

  private OriginProcess start(String version) throws Exception {
    TestCa.PemFiles server = lab().ca().write(folder, "localhost");
    return OriginProcess.start(
        List.of(
            Tools.PYTHON.toString(),
            lab().fill("{scripts}/s_server.py"),
            server.certificate().toString(),
            server.key().toString(),
            authority.toString(),
            version),
        folder.resolve("server.out"),
        folder.resolve("server.err"));
  }

  private static String port(OriginProcess origin) {
    return String.valueOf(origin.port("https"));
  }

  private static Lab lab() {
    return OPEN.getFirst();
  }
}
