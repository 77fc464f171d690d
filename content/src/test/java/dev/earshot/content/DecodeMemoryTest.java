package dev.earshot.content;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecodeMemoryTest {
  private static final int WINDOW = 8 << 20;

  /** A frame with a window of 8 MiB, and the first byte of its last block, of one byte. */
  private static final byte[] LARGE = HexFormat.of().parseHex("28b52ffd006809");

  private final DecodeMemory memory = new DecodeMemory(2L * (WINDOW + Coding.STATE));

  @Test
  void aDecoderThatFindsNothingLeftStopsAndOthersGoOn() {
    var first = decoder("zstd");
    var second = decoder("zstd");
    first.feed(ByteBuffer.wrap(LARGE));
    second.feed(ByteBuffer.wrap(LARGE));
    assertThat(memory.held()).isEqualTo(memory.most());
    try (var third = decoder("zstd")) {
      third.feed(ByteBuffer.wrap(LARGE));
      assertThat(third.end()).isInstanceOf(Decoded.Cut.class);
      assertThat(third.end().toString()).contains("more than " + memory.most() + " bytes");
    }
    second.close();
    try (var fourth = decoder("zstd")) {
      fourth.feed(ByteBuffer.wrap(LARGE));
      assertThat(memory.held()).isEqualTo(memory.most());
    }
    // The rest of a block of one byte, the last of its frame.
    first.feed(ByteBuffer.wrap(new byte[] {0, 0, 'a'}));
    assertThat(first.end()).isEqualTo(new Decoded.Whole(1));
    assertThat(memory.held()).isZero();
  }

  @Test
  void aWindowOfBrotliCountsAsItGrows() throws Exception {
    byte[] content = new byte[2 << 20];
    new Random(5).nextBytes(content);
    byte[] body = Tool.brotli(5, 20).run(content);
    try (var decoder = decoder("br")) {
      decoder.feed(ByteBuffer.wrap(body, 0, 100));
      long begun = memory.held();
      assertThat(begun).isLessThan(WINDOW / 16);
      decoder.feed(ByteBuffer.wrap(body, 100, body.length - 101));
      assertThat(memory.held()).isGreaterThanOrEqualTo(1 << 20).isLessThan(WINDOW);
    }
    assertThat(memory.held()).isZero();
  }

  @Test
  void whatIsDamagedHoldsNothing() {
    try (var decoder = decoder("gzip")) {
      decoder.feed(ByteBuffer.wrap(new byte[] {0x1F, (byte) 0x8B}));
      assertThat(memory.held()).isEqualTo(Coding.STATE);
      decoder.feed(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertThat(memory.held()).isZero();
    }
  }

  /** RFC 8878 section 3.1.1.1. */
  @ParameterizedTest
  @CsvSource({
    "00, -1",
    "0068, 8388608",
    "006f, 15728640",
    "02680000, 8388608",
    "20, -1",
    "2005, 5",
    "600001, 512",
    "610900, -1",
    "61090000, 256",
    "a000000001, 16777216",
    "e00000000001000000, 4294967296",
    "e0ffffffffffffffff, 9223372036854775807",
  })
  void theHeadOfAFrameSaysTheSizeOfItsWindow(String head, long window) {
    byte[] bytes = HexFormat.of().parseHex(head);
    ByteBuffer read = ByteBuffer.allocate(ZstdFrame.MOST_BYTES).put(bytes);
    assertThat(ZstdFrame.window(read)).isEqualTo(window);
  }

  @Test
  void theWindowOfAWholeContentIsItsSize() {
    for (int size : new int[] {1, 255, 256, 65_791, 65_792, 300_000}) {
      byte[] frame = Zstd.compress(new byte[size]);
      byte[] head = Arrays.copyOfRange(frame, 4, Math.min(frame.length, 4 + 14));
      assertThat(ZstdFrame.window(ByteBuffer.allocate(14).put(head))).isEqualTo(size);
    }
  }

  private ContentDecoder decoder(String coding) {
    return ContentDecoder.of(
        Decoding.coded(coding), DecodeLimits.STREAM, memory, ByteBuffer::remaining);
  }
}
