package dev.earshot.content;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class BodyContentTest {
  @Test
  void textIsWhatItsCharsetSays() throws Exception {
    assertThat(read("", "grün €".getBytes(UTF_8))).isEqualTo(text("grün €"));
    assertThat(read("text/plain; charset=\"ISO-8859-1\"", "grün".getBytes(ISO_8859_1)))
        .isEqualTo(text("grün"));
    assertThat(read("text/plain; charset=no-such-one", "grün".getBytes(UTF_8)))
        .isEqualTo(text("grün"));
    assertThat(read("text/plain; charset=/../", "a".getBytes(UTF_8))).isEqualTo(text("a"));
    assertThat(read("", new byte[0])).isEqualTo(text(""));
  }

  @Test
  void whatIsNotTextIsBytes() throws Exception {
    for (byte[] bytes : List.of(new byte[] {(byte) 0xFF, 1}, new byte[] {'a', 0, 'b'})) {
      assertThat(read("text/plain", bytes))
          .isInstanceOfSatisfying(
              BodyContent.Binary.class,
              binary -> {
                assertThat(binary.bytes()).isEqualTo(ByteBuffer.wrap(bytes));
                assertThat(binary.decoded()).isTrue();
                assertThat(binary.missing()).isEmpty();
              });
    }
  }

  @Test
  void aCutBodyMayEndWithinACharacter() throws Exception {
    byte[] cut = Arrays.copyOf("abc€".getBytes(UTF_8), 5);
    var body = new Body(6, 5, BodyGap.TRUNCATED);
    assertThat(BodyContent.read(List.of(), body, _ -> in(cut), Direction.UP, DecodeLimits.DEFAULT))
        .isEqualTo(
            new BodyContent.Text("abc", Optional.of("only its first 5 of 6 bytes were kept")));
    var none = new Body(6, 0, BodyGap.TRUNCATED);
    assertThat(
            BodyContent.read(
                List.of(), none, _ -> in(new byte[0]), Direction.UP, DecodeLimits.DEFAULT))
        .isEqualTo(new BodyContent.Text("", Optional.of("none of its 6 bytes were kept")));
    assertThat(read("", cut)).isInstanceOf(BodyContent.Binary.class);
  }

  @Test
  void aContentCodingIsTakenOffWhereItIsKnown() throws Exception {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write("packed".getBytes(UTF_8));
    }
    assertThat(read("gzip", "", out.toByteArray())).isEqualTo(text("packed"));
    assertThat(read("rot13", "", "cnpxrq".getBytes(UTF_8)))
        .isInstanceOfSatisfying(
            BodyContent.Binary.class,
            binary -> {
              assertThat(binary.bytes()).isEqualTo(UTF_8.encode("cnpxrq"));
              assertThat(binary.decoded()).isFalse();
              assertThat(binary.missing())
                  .hasValueSatisfying(why -> assertThat(why).contains("rot13"));
            });
  }

  private static BodyContent text(String text) {
    return new BodyContent.Text(text, Optional.empty());
  }

  private static BodyContent read(String type, byte[] bytes) throws Exception {
    return read("identity", type, bytes);
  }

  private static BodyContent read(String coding, String type, byte[] bytes) throws Exception {
    return BodyContent.read(
        List.of(new Header("content-encoding", coding), new Header("content-type", type)),
        new Body(bytes.length, bytes.length, BodyGap.NONE),
        _ -> in(bytes),
        Direction.UP,
        DecodeLimits.DEFAULT);
  }

  private static ByteArrayInputStream in(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }
}
