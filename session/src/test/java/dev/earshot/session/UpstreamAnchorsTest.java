package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamAnchorsTest {
  @TempDir Path directory;

  @Test
  void theSystemTheUsersFilesAndTheGivenFilesAreTrusted() throws Exception {
    TestAuthority user = TestAuthority.named("user");
    TestAuthority pem = TestAuthority.named("pem");
    TestAuthority der = TestAuthority.named("der");
    Files.writeString(directory.resolve("user.pem"), user.pem());
    Path pemFile = Files.writeString(directory.resolve("a.pem"), pem.pem());
    Path derFile = Files.write(directory.resolve("a.der"), der.certificate().getEncoded());

    var anchors =
        UpstreamAnchors.of(
            Map.of("NODE_EXTRA_CA_CERTS", "user.pem"), directory, List.of(pemFile, derFile));

    assertTrue(
        anchors
            .get()
            .containsAll(List.of(user.certificate(), pem.certificate(), der.certificate())));
    assertTrue(anchors.get().size() > 3, "those of the system");
    assertSame(anchors.get(), anchors.get(), "read once");
  }

  @Test
  void theUsersFilesAreReadWhenAskedFor() throws Exception {
    TestAuthority user = TestAuthority.named("user");
    var anchors = UpstreamAnchors.of(Map.of("SSL_CERT_FILE", "later.pem"), directory, List.of());
    Files.writeString(directory.resolve("later.pem"), user.pem());
    assertTrue(anchors.get().contains(user.certificate()));
  }

  @Test
  void interruptingTheCallerChangesNothing() throws Exception {
    var anchors = UpstreamAnchors.of(Map.of(), directory, List.of());
    Thread.currentThread().interrupt();
    assertTrue(anchors.get().size() > 3);
    assertTrue(Thread.interrupted(), "it is still interrupted");
  }

  @ParameterizedTest
  @CsvSource({
    "absent, there is no such file",
    "directory, it is not a file",
    "text, it has no certificate in it",
    "garbage, it has no certificate in it",
  })
  void aBadFileIsAnErrorAtOnce(String name, String why) throws Exception {
    Files.createDirectory(directory.resolve("directory"));
    Files.writeString(directory.resolve("text"), "hello\n");
    Files.writeString(
        directory.resolve("garbage"),
        "-----BEGIN CERTIFICATE-----\nMIGCAAAA\n-----END CERTIFICATE-----\n");
    Path file = directory.resolve(name);
    var error =
        assertThrows(
            UpstreamCaException.class,
            () -> UpstreamAnchors.of(Map.of(), directory, List.of(file)));
    assertEquals("cannot use --upstream-ca " + file + ": " + why, error.getMessage());
  }
}
