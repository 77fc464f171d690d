package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PlainAlertTest {
  private static final String HELLO = "\26\3\1\0\4\1\0\0\0";
  private static final String CHANGE_CIPHER_SPEC = "\24\3\3\0\1\1";
  private static final String UNKNOWN_CA = "\25\3\3\0\2\2\60";

  @Test
  void itIsFoundAfterOtherRecordsHoweverTheyCome() {
    String all = HELLO + CHANGE_CIPHER_SPEC + UNKNOWN_CA + "whatever";
    int last = all.indexOf('w');
    for (int cut = 0; cut <= all.length(); cut++) {
      var alert = new PlainAlert();
      assertThat(alert.in(bytes(all.substring(0, cut))).isPresent()).isEqualTo(cut >= last);
      assertThat(alert.in(bytes(all.substring(cut)))).isEqualTo(OptionalInt.of(48));
    }
  }

  @Test
  void whatIsEncryptedIsNone() {
    String encrypted = "\25\3\3\0\30" + UNKNOWN_CA + "x".repeat(17);
    assertThat(new PlainAlert().in(bytes(HELLO + encrypted))).isEqualTo(OptionalInt.empty());
    String data = "\27\3\3\0\7" + UNKNOWN_CA;
    assertThat(new PlainAlert().in(bytes(HELLO + data))).isEqualTo(OptionalInt.empty());
  }

  @Test
  void emptyRecordsAndNoiseAreRead() {
    assertThat(new PlainAlert().in(bytes("\26\3\3\0\0" + UNKNOWN_CA)))
        .isEqualTo(OptionalInt.of(48));
    var random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[random.nextInt(64)];
      random.nextBytes(noise);
      ByteBuf bytes = Unpooled.wrappedBuffer(noise);
      assertThat(new PlainAlert().in(bytes).orElse(0)).isBetween(0, 255);
      assertThat(bytes.readableBytes()).isEqualTo(noise.length);
    }
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(ISO_8859_1));
  }
}
