package dev.earshot.cli;

import static dev.earshot.cli.Programs.needs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code --keylog} writes is what both ends know: curl writes the secrets of its side,
 * OpenSSL's server those of its own.
 */
class KeyLogIT {
  @TempDir Path folder;
  private final TestCa ca = TestCa.create();
  private Earshot earshot;
  private Path keys;

  @BeforeEach
  void user() throws Exception {
    needs("curl", "curl");
    needs("openssl", "openssl");
    earshot = new Earshot(folder);
    keys = folder.resolve("keys.log");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.2", "1.3"})
  void itHasTheSecretsOfBothSides(String version) throws Exception {
    Path clients = folder.resolve("client.log");
    Path servers = folder.resolve("server.log");
    TestCa.PemFiles pem = ca.write(folder, "localhost");
    Path caFile = Files.writeString(folder.resolve("own.pem"), ca.caPem());
    List<String> serve = new ArrayList<>(List.of("openssl", "s_server", "-accept", "127.0.0.1:0"));
    serve.addAll(List.of("-cert", "" + pem.certificate(), "-key", "" + pem.key(), "-www"));
    serve.addAll(List.of("-keylogfile", "" + servers, "-tls" + version.replace('.', '_')));
    Process server = new ProcessBuilder(serve).redirectErrorStream(true).start();
    try (var out =
        new BufferedReader(
            new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
      String line = out.readLine();
      while (!line.startsWith("ACCEPT ")) {
        line = out.readLine();
      }
      String url = "https://localhost:" + line.substring(line.lastIndexOf(':') + 1) + "/";
      earshot.with("SSLKEYLOGFILE", clients.toString());
      String curl = "curl -sS -o /dev/null -w '%{http_code}' --tls-max " + version + " " + url;

      var run = run("--upstream-ca", caFile.toString(), "--", "sh", "-c", curl);

      assertThat(run.out()).as(run.stderr()).isEqualTo("200");
      Eventually.until("the server's log is written", () -> !secrets(servers).isEmpty());
    } finally {
      server.destroy();
      server.waitFor();
    }
    Set<String> both = new TreeSet<>(secrets(clients));
    both.addAll(secrets(servers));
    assertThat(secrets(clients)).isNotEmpty().doesNotContainAnyElementsOf(secrets(servers));
    assertThat(secrets(keys)).isEqualTo(both);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
        .isEqualTo("rw-------");
  }

  @Test
  void aFileThatCannotBeOneIsRefusedBeforeAnythingStarts() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "kept");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    for (String bad :
        List.of(link.toString(), folder.toString(), folder + "/no/such", "/dev/full", "-")) {
      var run = earshot.run("run", "--keylog", bad, "--", "echo", "started");
      assertThat(run.status()).as(bad).isEqualTo(125);
      assertThat(run.out()).isEmpty();
      assertThat(run.stderr().lines()).singleElement().asString().contains("--keylog", bad);
    }
    assertThat(file).hasContent("kept");
  }

  private Earshot.Finished run(String... more) throws Exception {
    List<String> line = new ArrayList<>(List.of("run", "-q", "--keylog", keys.toString()));
    line.addAll(List.of(more));
    return earshot.run(line.toArray(String[]::new));
  }

  /** What decrypts traffic; of the rest, each library writes what it likes. */
  private static Set<String> secrets(Path log) throws Exception {
    Set<String> secrets = new TreeSet<>();
    for (String line : Files.readAllLines(log)) {
      if (line.matches("(CLIENT_RANDOM|(CLIENT|SERVER)_(HANDSHAKE_)?TRAFFIC_SECRET(_0)?) .*")) {
        secrets.add(line.toLowerCase(Locale.ROOT));
      }
    }
    return secrets;
  }
}
