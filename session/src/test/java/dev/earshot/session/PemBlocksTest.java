package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PemBlocksTest {
  @Test
  void certificatesAreFoundAmongOtherText() throws Exception {
    TestAuthority a = TestAuthority.named("a");
    TestAuthority b = TestAuthority.named("b");
    String text =
        "# a comment é\r\n"
            + a.pem().replace("\n", "\r\n")
            + "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
            + "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"
            + b.pem().replace("BEGIN CERT", "BEGIN X509 CERT").replace("\n", "\n  ")
            + "-----BEGIN CERTIFICATE-----\nMIIE";
    assertEquals(List.of(a.block(), b.block()), parse(text));
  }

  @Test
  void whatIsBehindATrustedCertificateIsCut() throws Exception {
    TestAuthority a = TestAuthority.named("a");
    byte[] der = a.certificate().getEncoded();
    byte[] more = Arrays.copyOf(der, der.length + 5);
    String text =
        "-----BEGIN TRUSTED CERTIFICATE-----\n"
            + PemBlocks.of(more)
            + "\n-----END TRUSTED CERTIFICATE-----";
    assertEquals(List.of(a.block()), parse(text));
  }

  @Test
  void derIsReadToo() throws Exception {
    TestAuthority a = TestAuthority.named("a");
    assertEquals(List.of(a.block()), PemBlocks.parse(a.certificate().getEncoded()));
    assertEquals(List.of(), PemBlocks.parse(new byte[0]));
  }

  @Test
  void pemComesBackAsItWas() throws Exception {
    List<String> blocks =
        List.of(TestAuthority.named("a").block(), TestAuthority.named("b").block());
    assertEquals(blocks, PemBlocks.parse(PemBlocks.pem(blocks)));
    byte[] pem = PemBlocks.pem(blocks);
    assertArrayEquals(pem, PemBlocks.pem(PemBlocks.parse(pem)));
    assertEquals(2, PemBlocks.certificates(blocks).size());
  }

  @Test
  void mutatedFilesDoNotThrow() throws Exception {
    byte[] good = TestAuthority.named("a").pem().getBytes(StandardCharsets.US_ASCII);
    var random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      byte[] bad = good.clone();
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      PemBlocks.certificates(PemBlocks.parse(Arrays.copyOf(bad, random.nextInt(bad.length + 1))));
    }
  }

  private static List<String> parse(String text) {
    return PemBlocks.parse(text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
