package dev.earshot.content;

import dev.earshot.exchange.Header;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** What came out of a body that was fed in some pieces. */
final class Decoding {
  private final byte[] content;
  private final Decoded end;

  private Decoding(byte[] content, Decoded end) {
    this.content = content;
    this.end = end;
  }

  byte[] content() {
    return content;
  }

  Decoded end() {
    return end;
  }

  /** Enough for every test. */
  static DecodeMemory memory() {
    return new DecodeMemory(DecodeMemory.DEFAULT_BYTES);
  }

  static List<Header> coded(String value) {
    return List.of(new Header("Content-Encoding", value));
  }

  static Decoding of(String coding, byte[] body) {
    return of(coding, DecodeLimits.DEFAULT, pieces(body, body.length));
  }

  static Decoding of(String coding, DecodeLimits limits, List<byte[]> pieces) {
    var content = new ByteArrayOutputStream();
    var memory = memory();
    try (var decoder =
        ContentDecoder.of(coded(coding), limits, memory, bytes -> write(bytes, content))) {
      for (byte[] piece : pieces) {
        ByteBuffer in = ByteBuffer.wrap(piece).asReadOnlyBuffer();
        decoder.feed(in);
        if (in.hasRemaining()) {
          throw new AssertionError("not all was taken");
        }
      }
      Decoded end = decoder.end();
      if (memory.held() != 0) {
        throw new AssertionError("%d bytes are still held".formatted(memory.held()));
      }
      return new Decoding(content.toByteArray(), end);
    }
  }

  private static void write(ByteBuffer bytes, ByteArrayOutputStream to) {
    if (!bytes.isReadOnly() || !bytes.hasRemaining()) {
      throw new AssertionError("a buffer that is writable or empty");
    }
    while (bytes.hasRemaining()) {
      to.write(bytes.get());
    }
  }

  /** All pieces of one size, the last one shorter. */
  static List<byte[]> pieces(byte[] body, int size) {
    List<byte[]> pieces = new ArrayList<>();
    for (int at = 0; at < body.length; at += size) {
      pieces.add(Arrays.copyOfRange(body, at, Math.min(body.length, at + size)));
    }
    return pieces;
  }

  static List<byte[]> halves(byte[] body, int at) {
    return List.of(Arrays.copyOf(body, at), Arrays.copyOfRange(body, at, body.length));
  }

  /** A body with a few of its bytes changed, cut out or put in. */
  static byte[] mutated(byte[] body, RandomGenerator random) {
    byte[] changed = body.clone();
    for (int i = random.nextInt(3); i >= 0 && changed.length > 0; i--) {
      int at = random.nextInt(changed.length);
      switch (random.nextInt(4)) {
        case 0 -> changed[at] = (byte) random.nextInt();
        case 1 -> changed[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> changed = Arrays.copyOf(changed, at);
        default -> {
          int until = Math.min(changed.length, at + 1 + random.nextInt(16));
          byte[] shorter = new byte[changed.length - (until - at)];
          System.arraycopy(changed, 0, shorter, 0, at);
          System.arraycopy(changed, until, shorter, at, shorter.length - at);
          changed = shorter;
        }
      }
    }
    return changed;
  }
}
