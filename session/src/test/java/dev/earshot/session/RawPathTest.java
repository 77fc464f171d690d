package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RawPathTest {
  @Test
  void bytesAreDecodedAndNothingElseIs() {
    assertEquals(
        Optional.of("/m\u00fcller//x/"),
        RawPath.decoded("/m\u00c3\u00bcller//x/", StandardCharsets.UTF_8));
    assertEquals(Optional.empty(), RawPath.decoded("/m\u00fcller", StandardCharsets.UTF_8));
    assertEquals(Optional.empty(), RawPath.decoded("/m\u00fcller", StandardCharsets.US_ASCII));
    assertEquals(Optional.of("/a"), RawPath.decoded("/a", StandardCharsets.US_ASCII));
  }

  @Test
  void aPathAndItsBytesAreTheSame() {
    assertEquals(Optional.of(Path.of("/a b/c")), RawPath.parse(RawPath.of(Path.of("/a b/c"))));
    assertEquals(Optional.of(Path.of("/a/b")), RawPath.parse("/a//b/"));
    assertEquals(Optional.empty(), RawPath.parse("/a\u0000b"));
  }
}
