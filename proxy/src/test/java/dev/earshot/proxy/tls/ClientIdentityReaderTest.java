package dev.earshot.proxy.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as the real openssl writes them. */
class ClientIdentityReaderTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "openssl genrsa -out key 2048",
        "openssl genrsa -traditional -out key 2048",
        "openssl ecparam -name prime256v1 -genkey -out key",
        "openssl ecparam -name secp384r1 -genkey -noout -out key",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
        "openssl genpkey -algorithm ED25519 -out key"
      })
  void aCertificateWithItsKeyIsRead(String makesKey) throws Exception {
    sh(
        makesKey
            + " && "
            + certificate("key", "cert")
            + " && cat cert key > all && cat key cert > other");
    for (String file : new String[] {"all", "other"}) {
      ClientIdentity identity = read(file);
      assertThat(identity.chain()).hasSize(1);
      assertThat(identity.chain().getFirst().getSubjectX500Principal().getName())
          .isEqualTo("CN=client");
      assertThat(identity.toString()).isEqualTo("ClientIdentity[CN=client]");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-legacy"})
  void aPkcs12WithoutAPasswordIsRead(String form) throws Exception {
    sh(
        key("key")
            + " && "
            + certificate("key", "cert")
            + " && openssl pkcs12 -export -in cert -inkey key -passout pass: -out all "
            + form);
    assertThat(read("all").chain()).hasSize(1);
  }

  @Test
  void theCertificateOfTheKeyComesFirst() throws Exception {
    sh(
        key("key")
            + " && "
            + certificate("key", "cert")
            + " && "
            + key("other")
            + " && "
            + certificate("other", "issuer")
            + " && cat issuer key cert > all");
    ClientIdentity identity = read("all");
    sh("cat cert key > one");
    assertThat(identity.chain()).hasSize(2);
    assertThat(identity.chain().getFirst()).isEqualTo(read("one").chain().getFirst());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cat cert > all | no private key; put it beside the certificate: cat CERT KEY
          cat key > all  | no certificate; put it beside the key: cat CERT KEY
          KEY other && cat cert other > all | its private key is not that of its certificate
          openssl pkey -in key -aes128 -passout pass:word -out other && cat cert other > all | its key has a password, and Earshot does not ask for it; try: openssl pkey -in all -out NEW
          openssl rsa -in key -aes128 -traditional -passout pass:word -out other && cat cert other > all | its key has a password, and Earshot does not ask for it; try: openssl pkey -in all -out NEW
          openssl pkcs12 -export -in cert -inkey key -passout pass:word -out all | has a password, and Earshot does not ask for it; try: openssl pkcs12 -nodes -in all -out NEW
          openssl pkcs12 -export -in cert -inkey key -passout pass: -keypbe NONE -certpbe NONE -nomac -out all | it has no private key that can be read; try: openssl pkcs12 -nodes -in all -out NEW
          head -5 cert > all | a block of its PEM has no end
          openssl x509 -in cert -outform DER -out all | or it has a password
          openssl genpkey -genparam -algorithm DSA -out p && openssl gendsa -out other p && openssl pkey -in other -traditional -out old && cat cert old > all | is not supported
          echo hello > all | it is neither PEM nor PKCS #12
          : > all | it is neither PEM nor PKCS #12
          (cat cert; echo -----BEGIN PRIVATE KEY-----; echo AAAA; echo -----END PRIVATE KEY-----) > all | its private key is malformed
          """)
  void whatCannotBeUsedIsSaidWithWhatConvertsIt(String script, String why) throws Exception {
    sh("openssl genrsa -out key 2048 && " + certificate("key", "cert"));
    sh(script.replace("KEY other", key("other")));
    assertThatThrownBy(() -> read("all"))
        .isInstanceOf(ClientIdentityException.class)
        .hasMessageContaining(why);
  }

  @Test
  void aNameWithBlanksIsQuotedInWhatIsProposed() throws Exception {
    sh(key("key") + " && openssl pkey -in key -aes128 -passout pass:word -out all");
    byte[] file = Files.readAllBytes(folder.resolve("all"));
    assertThatThrownBy(() -> ClientIdentityReader.read(file, "my 'key'.pem"))
        .hasMessageContaining("openssl pkey -in 'my '\\''key'\\''.pem' -out NEW");
  }

  @Test
  void noFileIsTooBroken() throws Exception {
    sh(
        "openssl ecparam -name prime256v1 -genkey -out key && "
            + certificate("key", "cert")
            + " && cat cert key > all && openssl pkcs12 -export -in cert -inkey key -passout pass: -out p12");
    var random = new Random(4711);
    for (String name : new String[] {"all", "p12"}) {
      byte[] whole = Files.readAllBytes(folder.resolve(name));
      for (int i = 0; i < 400; i++) {
        byte[] file = whole.clone();
        for (int at = random.nextInt(4); at >= 0; at--) {
          file[random.nextInt(file.length)] = (byte) random.nextInt(256);
        }
        try {
          assertThat(ClientIdentityReader.read(file, "x")).isNotNull();
        } catch (ClientIdentityException said) {
          assertThat(said).hasMessageNotContaining("\n");
        }
      }
    }
  }

  private ClientIdentity read(String name) throws Exception {
    return ClientIdentityReader.read(Files.readAllBytes(folder.resolve(name)), name);
  }

  private static String key(String name) {
    return "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out " + name;
  }

  private static String certificate(String key, String name) {
    return "openssl req -x509 -new -key %s -subj /CN=client -days 2 -out %s".formatted(key, name);
  }

  private void sh(String script) throws Exception {
    Path file = Files.write(folder.resolve("script"), script.getBytes(US_ASCII));
    var said = Commands.run(List.of("sh", "-ec", "cd '" + folder + "' && . '" + file + "'"));
    assertThat(said.code()).as(said.text()).isZero();
  }
}
