package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrustFilesTest {
  @TempDir Path directory;
  private Path session = Path.of("");
  private final TestAuthority system = TestAuthority.named("system");
  private final TestAuthority user = TestAuthority.named("user");
  private final TestAuthority ours = TestAuthority.named("ours");

  @BeforeEach
  void directories() throws Exception {
    session = Files.createDirectory(directory.resolve("session"));
    Files.writeString(directory.resolve("system.pem"), system.pem());
    Files.writeString(directory.resolve("user.pem"), user.pem());
    Files.writeString(directory.resolve("text.pem"), "no certificate here\n");
  }

  @Test
  void withoutFilesOfTheUserThereIsTheSystemAndUs() throws Exception {
    TrustFiles files = write(Map.of());
    assertEquals(List.of(ours.block()), blocks(files.own()));
    assertEquals(List.of(system.block(), ours.block()), blocks(files.combined()));
    assertEquals(Map.of(), files.extra());
    assertEquals(List.of(), files.warnings());
    assertEquals("\nca_certificate = " + files.combined() + "\n", text(files.wgetrc()));
    assertEquals(
        "curl.cainfo = '%1$s'\nopenssl.cafile = '%1$s'\n".formatted(files.combined()),
        text(files.phpDirectory() + "/earshot.ini"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "AWS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "DENO_CERT",
        "npm_config_cafile",
        "SSL_CERT_DIR",
        "GIT_SSL_CAPATH",
      })
  void theFileOfEachVariableIsMerged(String variable) throws Exception {
    Path certificates = Files.createDirectory(directory.resolve("certificates"));
    Files.copy(directory.resolve("user.pem"), certificates.resolve("0a1b2c3d.0"));
    boolean isDirectory = variable.endsWith("DIR") || variable.endsWith("PATH");
    for (String value :
        isDirectory
            ? List.of("/absent-" + session.hashCode() + ":" + certificates, "certificates")
            : List.of(directory.resolve("user.pem").toString(), "user.pem", "./user.pem")) {
      TrustFiles files = write(Map.of(variable, value));
      assertEquals(
          List.of(system.block(), user.block(), ours.block()), blocks(files.combined()), value);
    }
  }

  @Test
  void oneCertificateInManyFilesIsThereOnce() throws Exception {
    TrustFiles files =
        write(
            Map.of(
                "SSL_CERT_FILE",
                "user.pem",
                "CURL_CA_BUNDLE",
                "system.pem",
                "PIP_CERT",
                "./user.pem"));
    assertEquals(
        List.of(ours.block(), system.block(), user.block()).stream().sorted().toList(),
        blocks(files.combined()).stream().sorted().toList());
  }

  @Test
  void aVariableThatAddsHasAFileOfTheUsersAndOurs() throws Exception {
    TrustFiles files =
        write(Map.of("NODE_EXTRA_CA_CERTS", "user.pem", "SSL_CERT_FILE", "system.pem"));
    assertEquals(Set.of("NODE_EXTRA_CA_CERTS"), files.extra().keySet());
    assertEquals(
        List.of(user.block(), ours.block()),
        blocks(files.extra().getOrDefault("NODE_EXTRA_CA_CERTS", "")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/nowhere/x.pem", "text.pem", "/dev/null", "session/wgetrc/x", "\u0000"})
  void aBadFileOfTheUserIsAWarning(String value) throws Exception {
    TrustFiles files = write(Map.of("SSL_CERT_FILE", value));
    assertEquals(List.of(system.block(), ours.block()), blocks(files.combined()));
    assertEquals(1, files.warnings().size());
    assertTrue(files.warnings().getFirst().startsWith("SSL_CERT_FILE names "), files.toString());
  }

  @Test
  void aBadTrustStoreOfTheUserIsAWarning() throws Exception {
    TrustFiles files =
        write(
            Map.of(
                "JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=text.pem",
                "JDK_JAVA_OPTIONS", "-Djavax.net.ssl.trustStore=/nowhere"));
    assertEquals(2, files.warnings().size(), files.toString());
    assertTrue(certificates(files.javaTrustStore()).contains(ours.block()));
  }

  @Test
  void theTrustStoreHasThoseOfTheJvmOfTheUserAndOurs() throws Exception {
    Path store = directory.resolve("my store");
    KeyStore users = KeyStore.getInstance("JKS");
    users.load(null, null);
    users.setCertificateEntry("u", user.certificate());
    try (var out = Files.newOutputStream(store)) {
      users.store(out, "secret".toCharArray());
    }
    TrustFiles files =
        write(
            Map.of(
                "JAVA_HOME",
                System.getProperty("java.home"),
                "JAVA_TOOL_OPTIONS",
                "'-Djavax.net.ssl.trustStore=my store' -Djavax.net.ssl.trustStorePassword=secret"));
    Set<String> expected = new LinkedHashSet<>(cacerts());
    expected.add(user.block());
    expected.add(ours.block());
    assertEquals(expected, certificates(files.javaTrustStore()));
    assertEquals(List.of(), files.warnings());
  }

  @Test
  void theUsersWgetrcIsKeptAndItsAuthorityMerged() throws Exception {
    Files.writeString(directory.resolve("rc"), "timeout = 5\nCA-Certificate = user.pem \n");
    TrustFiles files = write(Map.of("WGETRC", "rc"));
    assertEquals(
        "timeout = 5\nCA-Certificate = user.pem \n\nca_certificate = " + files.combined() + "\n",
        text(files.wgetrc()));
    assertTrue(blocks(files.combined()).contains(user.block()));

    Files.move(directory.resolve("rc"), directory.resolve(".wgetrc"));
    assertTrue(text(write(Map.of("HOME", directory.toString())).wgetrc()).startsWith("timeout"));
  }

  @Test
  void filesAreTheOwnersOnlyAndNeverReplaced() throws Exception {
    TrustFiles files = write(Map.of("DENO_CERT", "user.pem"));
    Path into = Path.of(files.own()).resolveSibling("");
    try (var all = Files.walk(into)) {
      List<Path> written = all.filter(path -> !path.equals(into)).toList();
      assertEquals(7, written.size(), written.toString());
      for (Path path : written) {
        String expected = Files.isDirectory(path) ? "rwx------" : "rw-------";
        assertEquals(
            PosixFilePermissions.fromString(expected), Files.getPosixFilePermissions(path));
      }
    }
    assertThrows(
        FileAlreadyExistsException.class,
        () -> TrustFiles.write(into, ours.pem(), Map.of(), directory, Set.of()));
  }

  @Test
  void withoutJavaThereIsNoTrustStore() throws Exception {
    TrustFiles files =
        TrustFiles.write(session, ours.pem(), Map.of(), directory, Set.of(ClientRuntime.JAVA));
    assertFalse(Files.exists(Path.of(files.javaTrustStore())));
  }

  @Test
  void withoutASystemBundleThereAreTheCertificatesOfTheJvm() throws Exception {
    var sources = new TrustSources(Map.of(), directory, List.of(directory.resolve("absent")));
    TrustFiles files = TrustFiles.write(session, ours.pem(), sources, Map.of(), Set.of());
    Set<String> expected = new LinkedHashSet<>(cacerts());
    expected.add(ours.block());
    assertEquals(expected, new LinkedHashSet<>(blocks(files.combined())));
  }

  private TrustFiles write(Map<String, String> environment) throws IOException {
    Path into = Files.createTempDirectory(session, "s");
    var sources =
        new TrustSources(
            environment,
            directory,
            List.of(directory.resolve("absent"), directory.resolve("system.pem")));
    return TrustFiles.write(into, ours.pem(), sources, new HashMap<>(environment), Set.of());
  }

  private static List<String> blocks(String file) throws IOException {
    return PemBlocks.parse(Files.readAllBytes(Path.of(file)));
  }

  private static String text(String file) throws IOException {
    return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
  }

  private static Set<String> cacerts() throws Exception {
    return certificates(System.getProperty("java.home") + "/lib/security/cacerts");
  }

  private static Set<String> certificates(String store) throws Exception {
    KeyStore opened = KeyStore.getInstance(Path.of(store).toFile(), "changeit".toCharArray());
    List<String> blocks = new ArrayList<>();
    for (String alias : Collections.list(opened.aliases())) {
      blocks.add(PemBlocks.of(opened.getCertificate(alias).getEncoded()));
    }
    return new LinkedHashSet<>(blocks);
  }
}
