package dev.earshot.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ServerNameTest {
  private static final String LABEL = "a".repeat(63);

  @ParameterizedTest
  @CsvSource({
    "api.example, api.example",
    "API.Example., api.example",
    "localhost, localhost",
    "my_service, my_service",
    "xn--bcher-kva.example, xn--bcher-kva.example",
    "1password.com, 1password.com",
    "a--b.example, a--b.example",
  })
  void namesAreLowerCaseWithoutTheTrailingDot(String text, String name) {
    assertThat(ServerName.parse(text)).contains(new ServerName.Dns(name));
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1, 4",
    "[::1], ::1, 16",
    "::1, ::1, 16",
    "2001:DB8:0:0:0:0:0:1, 2001:db8::1, 16",
  })
  void addressesHaveOneForm(String text, String canonical, int length) {
    var address = new ServerName.Ip(canonical);

    assertThat(ServerName.parse(text)).contains(address);
    assertThat(address.bytes()).hasSize(length);
  }

  static String[] notNames() {
    return new String[] {
      "",
      ".",
      "..",
      "a..b",
      "*",
      "*.example",
      "a b",
      "-a.example",
      "a-.example",
      "bücher.example",
      "a\u0000.example",
      "a\n.example",
      "a/b",
      "a:80",
      "a@b",
      "[",
      "[]",
      "[api.example",
      "fe80::1%eth0",
      ":::",
      "a'b",
      "a\u202eb",
      LABEL + "a.example",
      String.join(".", LABEL, LABEL, LABEL, LABEL),
      "a".repeat(100_000),
    };
  }

  @ParameterizedTest
  @MethodSource("notNames")
  void whatIsNoNameIsRefused(String text) {
    assertThat(ServerName.parse(text)).isEmpty();
  }

  @Test
  void theLongestNameIsAName() {
    String longest = String.join(".", LABEL, LABEL, LABEL, "a".repeat(61));

    assertThat(longest).hasSize(ServerName.MAX_LENGTH);
    assertThat(ServerName.parse(longest + ".")).contains(new ServerName.Dns(longest));
  }

  @Test
  void noBytesMakeItThrowAndWhatItTakesItTakesAgain() {
    var random = new Random(42);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = "api.example:1.[2]".getBytes(StandardCharsets.US_ASCII);
      for (int change = random.nextInt(6); change > 0; change--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      String text = new String(bytes, 0, random.nextInt(bytes.length), StandardCharsets.ISO_8859_1);

      ServerName.parse(text)
          .ifPresent(name -> assertThat(ServerName.parse(name.text())).contains(name));
    }
  }
}
