package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code earshot ca} from outside; openssl, keytool, curl and the system's own tools judge. */
class CaIT {
  @TempDir Path folder;
  private Earshot earshot;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
  }

  private Path certificate() throws Exception {
    return Path.of(earshot.run("ca").out().strip());
  }

  private String ca(String... arguments) throws Exception {
    List<String> line = new ArrayList<>(List.of("ca"));
    line.addAll(List.of(arguments));
    var run = earshot.run(line.toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
    return run.out();
  }

  private static String fact(String name, String said) {
    return said.lines()
        .filter(line -> line.startsWith(name + " "))
        .map(line -> line.substring(name.length()).strip())
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + name + " in " + said));
  }

  private String said(String... command) throws Exception {
    try (var running = earshot.launch(List.of(command))) {
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.status()).as(finished.out() + finished.stderr()).isZero();
      return finished.out();
    }
  }

  private String openSsl(String option) throws Exception {
    return said("openssl", "x509", "-in", certificate().toString(), "-noout", option);
  }

  @Test
  void itCanBeFoundAndShownAsOpenSslSeesIt() throws Exception {
    Path file = certificate();
    String shown = ca("show");

    assertThat(ca("path").strip()).isEqualTo(file.toString());
    assertThat(file).isRegularFile();
    assertThat(fact("file", shown)).isEqualTo(file.toString());
    assertThat(fact("key", shown)).isEqualTo("EC P-256");
    assertThat(fact("signs for", shown)).isEqualTo("every server");
    assertThat(fact("valid until", shown)).matches(".* UTC \\(823 days\\)");
    assertThat(said("openssl", "x509", "-in", file.toString(), "-noout", "-fingerprint", "-sha256"))
        .isEqualTo("sha256 Fingerprint=" + fact("sha-256", shown) + "\n");
    assertThat(openSsl("-fingerprint")).endsWith("=" + fact("sha-1", shown) + "\n");
    assertThat(openSsl("-serial").strip()).isEqualToIgnoringCase("serial=" + fact("serial", shown));
    assertThat(openSsl("-subject")).isEqualTo("subject=CN = " + fact("name", shown) + "\n");
  }

  @Test
  void aRotationMakesAnotherAndSaysWhich() throws Exception {
    String old = ca("show");
    String said = ca("rotate");

    assertThat(fact("replaced", said))
        .isEqualTo(fact("name", old) + ", sha-256 " + fact("sha-256", old));
    assertThat(fact("sha-256", said)).isNotEqualTo(fact("sha-256", old));
    assertThat(fact("sha-256", ca("show"))).isEqualTo(fact("sha-256", said));
    assertThat(said).contains("sessions that run now go on", "earshot ca show");
    Path key = certificate().resolveSibling("ca-key.pem");
    assertThat(Files.getPosixFilePermissions(key))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void aSessionThatRunsGoesOnWithTheOldOneAndTheNextHasTheNewOne() throws Exception {
    TestCa upstream = TestCa.create();
    Path anchors = Files.writeString(folder.resolve("upstream.pem"), upstream.caPem());
    Path stream = folder.resolve("events.ndjson");
    try (var origin = new ClientOrigin(upstream)) {
      origin.on("/hi", exchange -> ClientOrigin.answer(exchange, 200, "hi\n".getBytes(UTF_8)));
      String script = "echo ready; read _; exec curl -sS " + origin.https("/hi");
      String[] arguments = {
        "run", "-q", "-e", stream.toString(), "--upstream-ca", anchors.toString(), "--", "sh", "-c"
      };
      try (var running =
          earshot.start(
              Stream.concat(Stream.of(arguments), Stream.of(script)).toArray(String[]::new))) {
        Eventually.until(
            "it runs",
            () -> Files.exists(stream) && Files.readString(stream).contains("session.started"));
        ca("rotate");
        try (OutputStream stdin = running.stdin()) {
          stdin.write('\n');
        }
        var finished = running.finish();
        assertThat(finished.out()).as(finished.stderr()).isEqualTo("ready\nhi\n");
      }
      assertThat(Events.read(stream).all("exchange.finished")).hasSize(1);

      Path both = folder.resolve("both.pem");
      Files.writeString(both, Files.readString(certificate()));
      var next =
          earshot.run(
              "run",
              "-q",
              "--upstream-ca",
              anchors.toString(),
              "--",
              "curl",
              "-sS",
              "--cacert",
              both.toString(),
              origin.https("/hi"));
      assertThat(next.out()).as(next.stderr()).isEqualTo("hi\n");
    }
  }

  @Test
  void whatIsOutsideTheConstraintsPassesUndecryptedAndIsTold() throws Exception {
    TestCa upstream = TestCa.create();
    Path anchors = Files.writeString(folder.resolve("upstream.pem"), upstream.caPem());
    Path stream = folder.resolve("events.ndjson");
    assertThat(fact("signs for", ca("rotate", "--constrain", "Example.com,10.0.0.0/8")))
        .isEqualTo("only example.com,10.0.0.0/8");
    assertThat(openSsl("-text"))
        .contains("X509v3 Name Constraints: critical", "DNS:example.com", "IP:10.0.0.0/255.0.0.0");
    try (var origin = new ClientOrigin(upstream)) {
      origin.on("/hi", exchange -> ClientOrigin.answer(exchange, 200, "hi\n".getBytes(UTF_8)));
      String[] line = {
        "run",
        "-e",
        stream.toString(),
        "--upstream-ca",
        anchors.toString(),
        "--",
        "curl",
        "-sS",
        "--cacert",
        anchors.toString(),
        origin.https("/hi")
      };
      var outside = earshot.run(line);
      assertThat(outside.out()).as(outside.stderr()).isEqualTo("hi\n");
      assertThat(outside.stderr())
          .contains("localhost is outside the name constraints", "earshot ca rotate --constrain");
      Events events = Events.read(stream);
      assertThat(events.one("tunnel.opened").get("why").asString()).isEqualTo("ca_constrained");
      assertThat(events.all("exchange.started")).isEmpty();

      assertThat(fact("signs for", ca("rotate"))).isEqualTo("only example.com,10.0.0.0/8");
      ca("rotate", "--constrain", "localhost");
      line[line.length - 2] = certificate().toString();
      var inside = earshot.run(line);
      assertThat(inside.out()).as(inside.stderr()).isEqualTo("hi\n");
      assertThat(Events.read(stream).all("exchange.finished")).hasSize(1);

      assertThat(fact("signs for", ca("rotate", "--constrain", "none"))).isEqualTo("every server");
    }
  }

  @Test
  void itIsExportedAsTextAndAsBytes() throws Exception {
    String pem = ca("export");
    assertThat(pem).startsWith("-----BEGIN CERTIFICATE-----").doesNotContain("PRIVATE");
    assertThat(certificate()).hasContent(pem);

    Path der = folder.resolve("ca.der");
    var run = earshot.run("ca", "export", "-f", "der", "-o", der.toString());
    assertThat(run.out()).isEmpty();
    assertThat(run.stderr()).isEqualTo("earshot: wrote the certificate to " + der + "\n");
    assertThat(Files.getPosixFilePermissions(der))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(said("openssl", "x509", "-inform", "DER", "-in", der.toString())).isEqualTo(pem);
    var piped = earshot.run("ca", "export", "--format=der", "--output=-");
    assertThat(piped.stdout().getBytes(ISO_8859_1)).isEqualTo(Files.readAllBytes(der));
  }

  @ParameterizedTest
  @ValueSource(strings = {"changeit", "bread & $cheese"})
  void aTrustStoreHasTheCertificateAsItsOneTrustedEntryAndNoKey(String password) throws Exception {
    Path store = folder.resolve("ca.p12");
    List<String> line = new ArrayList<>(List.of("export", "-f", "p12", "-o", store.toString()));
    if (!password.equals(CaFormat.USUAL_PASSWORD)) {
      line.addAll(List.of("--password", password));
    }
    ca(line.toArray(String[]::new));

    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    for (String each : List.of(keytool, "keytool")) {
      String listed = said(each, "-list", "-keystore", store.toString(), "-storepass", password);
      assertThat(listed)
          .contains("1 entry", "earshot-ca, ", "trustedCertEntry", fact("sha-256", ca("show")));
    }
    String pass = "pass:" + password;
    assertThat(said("openssl", "pkcs12", "-in", store.toString(), "-passin", pass, "-nokeys"))
        .contains(Files.readString(certificate()));
    assertThat(
            said(
                "openssl",
                "pkcs12",
                "-in",
                store.toString(),
                "-passin",
                pass,
                "-nocerts",
                "-nodes"))
        .doesNotContain("KEY");
  }

  @Test
  void anExportNeverGoesThroughALink() throws Exception {
    Path mine = Files.writeString(folder.resolve("mine"), "mine");
    Path link = Files.createSymbolicLink(folder.resolve("link"), mine);
    var run = earshot.run("ca", "export", "-o", link.toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.stderr()).contains("it is a symbolic link").hasLineCount(1);
    assertThat(mine).hasContent("mine");
  }

  @Test
  void bytesDoNotGoToATerminal() throws Exception {
    String command = Earshot.LAUNCHER + " ca export -f ";
    for (String format : List.of("der", "p12")) {
      try (var running = earshot.launch(List.of("script", "-qec", command + format, "/dev/null"))) {
        running.stdin().close();
        var finished = running.finish();
        assertThat(finished.status()).isEqualTo(2);
        assertThat(finished.out())
            .isEqualTo(
                "earshot: ca: not writing %s to a terminal, as it is not text; add -o FILE, or redirect stdout\r\n"
                    .formatted(format));
      }
    }
    try (var running = earshot.launch(List.of("script", "-qec", command + "pem", "/dev/null"))) {
      running.stdin().close();
      assertThat(running.finish().out()).startsWith("-----BEGIN CERTIFICATE-----");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"path", "show", "export", "rotate"})
  void aStdoutThatTakesNothingIsAFailure(String action) throws Exception {
    String line = Earshot.LAUNCHER + " ca " + action + " > /dev/full";
    try (var running = earshot.launch(List.of("sh", "-c", line))) {
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.status()).isEqualTo(2);
      assertThat(finished.stderr())
          .isEqualTo("earshot: ca: cannot write to stdout: it is closed, or its disk is full\n");
    }
  }

  @Test
  void withoutAHomeThereIsNothingToRotate() throws Exception {
    var run = earshot.with("HOME", folder.resolve("nowhere").toString()).run("ca", "rotate");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.stderr()).contains("there is no HOME", "set HOME").hasLineCount(1);
  }

  /** Mounts are seen by this command alone (unshare(1), Debian package util-linux). */
  private Earshot.Finished inItsOwnMounts(String script) throws Exception {
    String shell = script.replace("EARSHOT", Earshot.LAUNCHER.toString());
    try (var running = earshot.launch(List.of("unshare", "-m", "sh", "-c", "set -e\n" + shell))) {
      running.stdin().close();
      return running.finish();
    }
  }

  @Test
  void aHomeThatCanOnlyBeReadKeepsWhatItHas() throws Exception {
    String before = ca("show");
    var run =
        inItsOwnMounts(
            """
            mount --bind "$HOME" "$HOME"
            mount -o remount,bind,ro "$HOME"
            EARSHOT ca show
            EARSHOT ca rotate || echo "status $?"
            """);

    assertThat(run.out()).isEqualTo(before + "status 2\n");
    assertThat(run.stderr())
        .startsWith("earshot: ca: cannot keep a certificate authority in ")
        .contains("Read-only file system")
        .hasLineCount(1);
    assertThat(ca("show")).isEqualTo(before);
  }

  @Test
  void aFullDiskLosesNothing() throws Exception {
    var run =
        inItsOwnMounts(
            """
            mkdir -p -m 700 "$HOME/.local/share/earshot/ca"
            cd "$HOME/.local/share/earshot/ca"
            mount -t tmpfs -o size=64k,mode=700 none .
            cd .
            EARSHOT ca show > "$HOME/before"
            cat ca-key.pem > "$HOME/key"
            cat /dev/zero > filler 2> /dev/null || true
            EARSHOT ca rotate || echo "status $?"
            cmp ca-key.pem "$HOME/key"
            rm filler
            EARSHOT ca show > "$HOME/after"
            cmp "$HOME/before" "$HOME/after"
            ls -A
            EARSHOT ca rotate > /dev/null
            """);

    assertThat(run.status()).as(run.stderr()).isZero();
    assertThat(run.out()).isEqualTo("status 2\n.lock\nca-key.pem\nca.pem\n");
    assertThat(run.stderr()).contains("No space left on device").hasLineCount(1);
  }

  private String instructions(String place, String kind) throws Exception {
    List<String> lines = ca("show").lines().toList();
    int at =
        lines.indexOf(lines.stream().filter(l -> l.startsWith(place)).findFirst().orElseThrow());
    return lines.stream()
        .skip(at + 1L)
        .takeWhile(line -> line.startsWith("  "))
        .filter(line -> line.startsWith("  " + kind + " "))
        .map(line -> line.substring("  trust  ".length()))
        .reduce("", (all, line) -> all + line + "\n");
  }

  @Test
  void theLinesForDebianDoAndUndoWhatTheySay() throws Exception {
    String pem = ca("export");
    var run =
        inItsOwnMounts(
            """
            sudo() { "$@"; }
            mkdir ETC && cp -a /etc/ssl/. ETC && mount --bind ETC /etc/ssl
            mount -t tmpfs none /usr/local/share/ca-certificates
            { TRUST } > /dev/null 2>&1
            cat /etc/ssl/certs/ca-certificates.crt > ETC.trusted
            ls /etc/ssl/certs > ETC.linked
            { UNDO } > /dev/null 2>&1
            cat /etc/ssl/certs/ca-certificates.crt > ETC.undone
            ls /etc/ssl/certs > ETC.unlinked
            """
                .replace("TRUST", instructions("Debian", "trust"))
                .replace("UNDO", instructions("Debian", "undo"))
                .replace("ETC", folder.resolve("etc").toString()));

    assertThat(run.status()).as(run.stderr()).isZero();
    assertThat(folder.resolve("etc.trusted")).content().contains(pem);
    assertThat(folder.resolve("etc.linked")).content().contains("earshot-ca.pem");
    assertThat(folder.resolve("etc.undone")).content().doesNotContain(pem).contains("BEGIN");
    assertThat(folder.resolve("etc.unlinked")).content().doesNotContain("earshot");
  }

  @Test
  void theLinesForChromiumDoAndUndoWhatTheySay() throws Exception {
    String script =
        instructions("Chromium", "trust")
            + "certutil -d sql:$HOME/.pki/nssdb -V -u L -n earshot-ca\n"
            + instructions("Chromium", "undo")
            + "certutil -d sql:$HOME/.pki/nssdb -L\n";

    assertThat(said("sh", "-ec", script))
        .contains("certificate is valid")
        .doesNotContain("earshot-ca");
  }

  @Test
  void theLinesForJavaDoAndUndoWhatTheySay() throws Exception {
    Path store = folder.resolve("cacerts");
    Files.copy(Path.of(System.getProperty("java.home"), "lib", "security", "cacerts"), store);
    String script =
        (instructions("Java", "trust")
                + "keytool -list -cacerts -storepass changeit -alias earshot-ca\n"
                + instructions("Java", "undo"))
            .replace("-cacerts", "-keystore " + store);

    assertThat(said("sh", "-ec", script)).contains("trustedCertEntry");
    var again = "keytool -list -keystore " + store + " -storepass changeit";
    assertThat(said("sh", "-ec", again)).doesNotContain("earshot-ca");
  }

  @Test
  void theLinesForNodeDoWhatTheySay() throws Exception {
    String script =
        instructions("Node", "trust")
            + "node -e 'console.log(require(\"fs\").readFileSync(process.env.NODE_EXTRA_CA_CERTS,"
            + "\"utf8\"))'\n"
            + instructions("Node", "undo")
            + "node -e 'console.log(process.env.NODE_EXTRA_CA_CERTS)'\n";

    assertThat(said("sh", "-ec", script)).isEqualTo(ca("export") + "\nundefined\n");
  }

  @Test
  void aPathWithASpaceIsOneWordInTheLines() throws Exception {
    earshot.with("XDG_DATA_HOME", Files.createDirectory(folder.resolve("it's here")).toString());

    assertThat(said("sh", "-ec", instructions("Node", "trust") + "cat \"$NODE_EXTRA_CA_CERTS\""))
        .isEqualTo(ca("export"));
  }
}
