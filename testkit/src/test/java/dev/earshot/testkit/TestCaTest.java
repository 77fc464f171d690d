package dev.earshot.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SignatureException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestCaTest {
  private static final TestCa CA = TestCa.create();

  @TempDir private Path directory = Path.of("");

  private String openSsl(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .start();
    try (var output = process.getInputStream()) {
      return new String(output.readAllBytes(), StandardCharsets.UTF_8);
    } finally {
      process.onExit().join();
    }
  }

  private String verify(Path certificate, String check, String name) throws IOException {
    Path ca = Files.writeString(directory.resolve("ca.pem"), CA.caPem());
    return openSsl(
        List.of(
            "openssl",
            "verify",
            "-x509_strict",
            "-CAfile",
            ca.toString(),
            check,
            name,
            certificate.toString()));
  }

  @Test
  void aServersFilesAreGoodForItsNamesAndAddresses() throws Exception {
    var files = CA.write(directory, "api.example", "127.0.0.1", "::1");

    assertThat(verify(files.certificate(), "-verify_hostname", "api.example")).endsWith(": OK\n");
    assertThat(verify(files.certificate(), "-verify_ip", "127.0.0.1")).endsWith(": OK\n");
    assertThat(verify(files.certificate(), "-verify_ip", "::1")).endsWith(": OK\n");
    assertThat(verify(files.certificate(), "-verify_hostname", "other.example"))
        .contains("hostname mismatch");
  }

  @Test
  void aServersKeyFitsItsCertificate() throws Exception {
    var files = CA.write(directory, "api.example");

    assertThat(openSsl(List.of("openssl", "pkey", "-pubout", "-in", files.key().toString())))
        .contains("PUBLIC KEY")
        .isEqualTo(
            openSsl(
                List.of(
                    "openssl",
                    "x509",
                    "-noout",
                    "-pubkey",
                    "-in",
                    files.certificate().toString())));
  }

  @Test
  void theWrongOnesAreWrongInTheirOneWay() throws Exception {
    Path expired = CA.expired("api.example").write(directory).certificate();
    assertThat(verify(expired, "-verify_hostname", "api.example"))
        .contains("certificate has expired");

    Path early = CA.notYetValid("api.example").write(directory).certificate();
    assertThat(verify(early, "-verify_hostname", "api.example"))
        .contains("certificate is not yet valid");

    var own = TestCa.selfSigned("api.example").chain().getFirst();
    own.verify(own.getPublicKey());
    assertThatThrownBy(() -> own.verify(CA.certificate().getPublicKey()))
        .isInstanceOf(SignatureException.class);
  }
}
