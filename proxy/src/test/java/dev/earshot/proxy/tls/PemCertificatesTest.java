package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.TestCa;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PemCertificatesTest {
  private static final TestCa ONE = TestCa.create();
  private static final TestCa OTHER = TestCa.create();

  private static final String NO_CERTIFICATE =
      "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

  @Test
  void textBetweenTheBlocksDoesNotMatter() {
    String text =
        "# Größe\r\n" + ONE.caPem().replace("\n", "\r\n") + "Issuer: x\n" + OTHER.caPem() + "end";

    var parsed = PemCertificates.parse(text.getBytes(StandardCharsets.UTF_8));

    assertThat(parsed.certificates()).containsExactly(ONE.certificate(), OTHER.certificate());
    assertThat(parsed.skipped()).isZero();
  }

  @Test
  void otherKindsOfBlocksArePassedOver() {
    String key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

    assertThat(PemCertificates.parse(key + ONE.caPem()))
        .isEqualTo(new PemCertificates(List.of(ONE.certificate()), 0));
  }

  @Test
  void aBlockThatIsNoCertificateIsCounted() {
    var parsed = PemCertificates.parse(NO_CERTIFICATE + ONE.caPem() + NO_CERTIFICATE);

    assertThat(parsed.certificates()).containsExactly(ONE.certificate());
    assertThat(parsed.skipped()).isEqualTo(2);
  }

  @Test
  void aBlockThatWasCutOffDoesNotSwallowTheNext() {
    String cut = ONE.caPem().substring(0, 100);

    var parsed = PemCertificates.parse(cut + OTHER.caPem() + cut);

    assertThat(parsed.certificates()).containsExactly(OTHER.certificate());
    assertThat(parsed.skipped()).isEqualTo(2);
  }

  @Test
  void nothingIsInNothing() {
    assertThat(PemCertificates.parse("")).isEqualTo(new PemCertificates(List.of(), 0));
  }

  @Test
  void noMutationMakesItThrow() {
    byte[] good = (ONE.caPem() + OTHER.caPem()).getBytes(StandardCharsets.US_ASCII);
    var random = new Random(42);
    for (int i = 0; i < 2_000; i++) {
      byte[] bad = good.clone();
      for (int change = 1 + random.nextInt(4); change > 0; change--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }

      var parsed = PemCertificates.parse(bad);

      assertThat(parsed.certificates().size() + parsed.skipped()).isBetween(0, 2);
    }
  }
}
