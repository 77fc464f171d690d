package dev.earshot.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.brotli.dec.BrotliInputStream;
import org.junit.jupiter.api.Test;

/** Another decoder of brotli is the oracle, also for data that is damaged. */
class BrotliOracleTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 100_000 : 5_000;

  private static final String TOO_LARGE_A_SYMBOL = "a symbol of brotli that cannot be";

  /** Copy codes of RFC 7932 section 5: the first length and the number of extra bits. */
  private static final int[] COPY_BASE = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22};

  private static final int[] COPY_BITS = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3};

  @Test
  void everyChangeOfWordsOfEveryLengthIsTheSame() throws Exception {
    var random = new Random(8);
    byte[] word = new byte[64];
    for (int length = BrotliWords.SHORTEST; length <= BrotliWords.LONGEST; length++) {
      int words = words(length);
      for (int change = 0; change < 121; change++) {
        for (int index : new int[] {0, words - 1, random.nextInt(words), random.nextInt(words)}) {
          int id = change * words + index;
          int size = BrotliWords.get().write(length, id, word);
          if (size > 0) {
            byte[] stream = oneWord(length, id, size);
            byte[] theirs;
            try (var in = new BrotliInputStream(new ByteArrayInputStream(stream))) {
              theirs = in.readAllBytes();
            }
            Decoding ours = Decoding.of("br", stream);
            assertThat(ours.end()).isEqualTo(new Decoded.Whole(size));
            assertThat(ours.content()).as("%d %d", length, id).isEqualTo(theirs);
          }
        }
      }
      assertThat(BrotliWords.get().write(length, 121 * words, word)).isEqualTo(-1);
    }
  }

  private static int words(int length) {
    int bits = "----::;;:::::998778776655".charAt(length) - '0';
    return 1 << bits;
  }

  /** A stream of one command, which copies one word; all its prefix codes have one symbol. */
  private static byte[] oneWord(int length, int id, int size) {
    var bits = new Bits();
    // The window; the last meta-block, not empty, its length in four digits.
    bits.add(0, 1).add(1, 1).add(0, 1).add(0, 2).add(size - 1, 16);
    // One type of blocks each; no postfix, no direct distances; a context mode; one tree each.
    bits.add(0, 3).add(0, 6).add(0, 2).add(0, 2);
    int copy = COPY_BASE.length - 1;
    while (COPY_BASE[copy] > length) {
      copy--;
    }
    int rest = 0;
    while (offset(rest + 1) <= id) {
      rest++;
    }
    bits.add(1, 2).add(0, 2).add('x', 8);
    bits.add(1, 2).add(0, 2).add(copy < 8 ? 128 + copy : 192 + copy - 8, 10);
    bits.add(1, 2).add(0, 2).add(16 + rest, 6);
    bits.add(length - COPY_BASE[copy], COPY_BITS[copy]);
    bits.add(id - offset(rest), 1 + rest / 2);
    return bits.bytes();
  }

  /** RFC 7932 section 4: the least distance of a distance code, less one. */
  private static int offset(int rest) {
    return ((2 + (rest & 1)) << (1 + rest / 2)) - 4;
  }

  private static final class Bits {
    private final BitSet bits = new BitSet();
    private int size;

    Bits add(int value, int count) {
      for (int i = 0; i < count; i++) {
        bits.set(size++, (value >> i & 1) == 1);
      }
      return this;
    }

    byte[] bytes() {
      return Arrays.copyOf(bits.toByteArray(), (size + 7) / 8);
    }
  }

  @Test
  void bothDecodeTheSameAndRefuseTheSame() throws Exception {
    var random = new Random(1);
    List<byte[]> bodies = new ArrayList<>();
    for (int quality : new int[] {0, 1, 5, 11}) {
      for (int words : new int[] {5, 300}) {
        bodies.add(Tool.brotli(quality, 16).run(Bodies.page(words)));
      }
    }
    int whole = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] changed = Decoding.mutated(bodies.get(i % bodies.size()), random);
      if (changed.length == 0) {
        // To us a body without bytes is one without content.
        continue;
      }
      Decoding ours = Decoding.of("br", DecodeLimits.DEFAULT, List.of(changed));
      byte[] theirs;
      try (var stream = new BrotliInputStream(new ByteArrayInputStream(changed))) {
        theirs = stream.readNBytes(1 << 20);
      } catch (IOException e) {
        assertThat(ours.end())
            .as("%s: %s", e.getCause(), HexFormat.of().formatHex(changed))
            .isNotInstanceOf(Decoded.Whole.class);
        continue;
      }
      if (ours.end().equals(new Decoded.Damaged(ours.content().length, TOO_LARGE_A_SYMBOL))) {
        // brotli(1) refuses it as well (RFC 7932 section 3.4); theirs takes the remainder.
        continue;
      }
      assertThat(ours.end())
          .as(HexFormat.of().formatHex(changed))
          .isInstanceOf(Decoded.Whole.class);
      assertThat(ours.content()).isEqualTo(theirs);
      whole++;
    }
    assertThat(whole).isPositive();
  }
}
