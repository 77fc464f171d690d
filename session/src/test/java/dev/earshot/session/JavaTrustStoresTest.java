package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.testkit.TestCa;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JavaTrustStoresTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @Test
  void theJdkOpensWhatIsWrittenWithAPasswordAndWithout() throws Exception {
    List<String> blocks =
        List.of(TestAuthority.named("a").block(), TestAuthority.named("b").block());
    byte[] written = JavaTrustStores.pkcs12(blocks);
    assertEquals(blocks, opened(written, PASSWORD));
    assertEquals(blocks, opened(written, null));
    assertEquals(List.of(), opened(JavaTrustStores.pkcs12(List.of()), PASSWORD));
  }

  @Test
  void theJdksJksIsRead() throws Exception {
    TestAuthority a = TestAuthority.named("a");
    byte[] file = jks(a);
    assertEquals(Optional.of(List.of(a.block())), JavaTrustStores.jks(file));
  }

  @Test
  void aStoreWithAKeyIsLeftToTheJdk() throws Exception {
    TestCa.Server server = TestCa.create().server("localhost");
    KeyStore store = KeyStore.getInstance("JKS");
    store.load(null, null);
    store.setKeyEntry("k", server.key(), PASSWORD, server.chain().toArray(Certificate[]::new));
    var out = new ByteArrayOutputStream();
    store.store(out, PASSWORD);
    assertEquals(Optional.empty(), JavaTrustStores.jks(out.toByteArray()));
  }

  @Test
  void everyPrefixBeforeTheDigestIsNoStoreAndNothingThrows() throws Exception {
    byte[] file = jks(TestAuthority.named("a"));
    int digest = 20;
    for (int length = 0; length < file.length - digest; length++) {
      assertTrue(JavaTrustStores.jks(Arrays.copyOf(file, length)).isEmpty());
    }
    var random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      byte[] bad = file.clone();
      bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      JavaTrustStores.jks(bad);
    }
  }

  private static byte[] jks(TestAuthority authority) throws Exception {
    KeyStore store = KeyStore.getInstance("JKS");
    store.load(null, null);
    store.setCertificateEntry("a", authority.certificate());
    var out = new ByteArrayOutputStream();
    store.store(out, PASSWORD);
    return out.toByteArray();
  }

  private static List<String> opened(byte[] file, char @Nullable [] password) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(new ByteArrayInputStream(file), password);
    List<String> blocks = new ArrayList<>();
    for (String alias : Collections.list(store.aliases()).stream().sorted().toList()) {
      assertTrue(store.isCertificateEntry(alias));
      blocks.add(PemBlocks.of(store.getCertificate(alias).getEncoded()));
    }
    return blocks;
  }
}
