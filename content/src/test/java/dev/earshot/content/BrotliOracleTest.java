package dev.earshot.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.brotli.dec.BrotliInputStream;
import org.junit.jupiter.api.Test;

/** Another decoder of brotli is the oracle, also for data that is damaged. */
class BrotliOracleTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 500_000 : 5_000;

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
      assertThat(ours.end())
          .as(HexFormat.of().formatHex(changed))
          .isInstanceOf(Decoded.Whole.class);
      assertThat(ours.content()).isEqualTo(theirs);
      whole++;
    }
    assertThat(whole).isPositive();
  }
}
