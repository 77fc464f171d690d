package dev.earshot.content;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Header;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class DecodedStreamTest {
  private static final List<Header> GZIP = List.of(new Header("Content-Encoding", "gzip"));

  @Test
  void whatWasEncodedComesBackHoweverItIsRead() throws Exception {
    for (Map.Entry<String, byte[]> body : Bodies.all().entrySet()) {
      try (var stream = stream(GZIP, gzip(body.getValue()))) {
        assertThat(stream.readAllBytes()).as(body.getKey()).isEqualTo(body.getValue());
        assertThat(stream.read()).isEqualTo(-1);
        assertThat(stream.end()).isEqualTo(new Decoded.Whole(body.getValue().length));
      }
    }
    try (var stream = stream(GZIP, gzip("abc".getBytes(UTF_8)))) {
      assertThat(stream.read()).isEqualTo('a');
      assertThat(stream.readNBytes(9)).isEqualTo("bc".getBytes(UTF_8));
    }
  }

  @Test
  void withoutACodingItIsTheBodyItself() throws Exception {
    try (var stream = stream(List.of(), "plain".getBytes(UTF_8))) {
      assertThat(stream.readAllBytes()).isEqualTo("plain".getBytes(UTF_8));
      assertThat(stream.end().isWhole()).isTrue();
    }
  }

  @Test
  void itEndsWhereTheDecodingDoes() throws Exception {
    byte[] encoded = gzip("some text that is long enough to be cut".repeat(100).getBytes(UTF_8));
    byte[] half = Arrays.copyOf(encoded, encoded.length / 2);
    try (var stream = stream(GZIP, half)) {
      stream.readAllBytes();
      assertThat(stream.end()).isInstanceOf(Decoded.Unfinished.class);
    }
    try (var stream =
        new DecodedStream(GZIP, new ByteArrayInputStream(encoded), new DecodeLimits(10, 1_000))) {
      assertThat(stream.readAllBytes()).isEqualTo("some text ".getBytes(UTF_8));
      assertThat(stream.end()).isInstanceOf(Decoded.Cut.class);
    }
    try (var stream =
        stream(List.of(new Header("Content-Encoding", "rot13")), "x".getBytes(UTF_8))) {
      assertThat(stream.readAllBytes()).isEmpty();
      assertThat(stream.end()).isInstanceOf(Decoded.Undecodable.class);
    }
  }

  private static DecodedStream stream(List<Header> headers, byte[] wire) {
    return new DecodedStream(headers, new ByteArrayInputStream(wire), DecodeLimits.DEFAULT);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }
}
