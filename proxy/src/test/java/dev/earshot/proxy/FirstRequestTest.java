package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class FirstRequestTest {
  private static final String OVERTURE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
          // SETTINGS with one setting, WINDOW_UPDATE, both of the connection.
          + "\0\0\6\4\0\0\0\0\0\0\3\0\0\0d"
          + "\0\0\4\10\0\0\0\0\0\0\0\1\1";

  private static final String HEADERS = "\0\0\1\1\5\0\0\0\1\202";

  @Test
  void everyByteOfHttp1IsOfARequest() {
    assertThat(new FirstRequest(false).begunBy(Unpooled.EMPTY_BUFFER)).isFalse();
    assertThat(new FirstRequest(false).begunBy(bytes("G"))).isTrue();
  }

  @Test
  void theOvertureOfHttp2IsNone() {
    assertThat(new FirstRequest(true).begunBy(bytes(OVERTURE))).isFalse();
    assertThat(new FirstRequest(true).begunBy(bytes(OVERTURE + HEADERS))).isTrue();
  }

  @Test
  void itMayComeInPieces() {
    String all = OVERTURE + HEADERS;
    int typeAt = OVERTURE.length() + 3;
    for (int cut = 0; cut <= all.length(); cut++) {
      var request = new FirstRequest(true);
      assertThat(request.begunBy(bytes(all.substring(0, cut)))).isEqualTo(cut > typeAt);
      assertThat(request.begunBy(bytes(all.substring(cut)))).isTrue();
    }
  }

  @Test
  void nothingIsReadAway() {
    ByteBuf bytes = bytes(OVERTURE);
    new FirstRequest(true).begunBy(bytes);
    assertThat(bytes.readableBytes()).isEqualTo(OVERTURE.length());
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(ISO_8859_1));
  }
}
