package dev.earshot.content;

import static dev.earshot.content.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The oracles are gzip(1), zstd(1) and brotli(1): what they encode comes back. */
class ContentDecoderTest {
  private static final int MUTATIONS = Boolean.getBoolean("stress") ? 100_000 : 3_000;

  @BeforeAll
  static void theLibraryIsThere() {
    assertThat(ZstdLibrary.problem()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6, 9})
  void whatGzipEncodesComesBack(int level) throws Exception {
    var gzip = new Tool("gzip", List.of("gzip", "-c", "-" + level));
    for (Map.Entry<String, byte[]> body : Bodies.all().entrySet()) {
      assertWhole("gzip", gzip.run(body.getValue()), body.getKey(), body.getValue());
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 22", "1, 16", "2, 10", "4, 18", "5, 22", "9, 11", "11, 10", "11, 16", "11, 24"})
  void whatBrotliEncodesComesBack(int quality, int window) throws Exception {
    for (Map.Entry<String, byte[]> body : Bodies.all().entrySet()) {
      if (quality < 11 || body.getValue().length < 1_000_000) {
        byte[] encoded = Tool.brotli(quality, window).run(body.getValue());
        assertWhole("br", encoded, body.getKey(), body.getValue());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 19})
  void whatZstdEncodesComesBack(int level) throws Exception {
    var zstd = new Tool("zstd", List.of("zstd", "-qc", "-" + level));
    for (Map.Entry<String, byte[]> body : Bodies.all().entrySet()) {
      if (level < 19 || body.getValue().length < 1_000_000) {
        assertWhole("zstd", zstd.run(body.getValue()), body.getKey(), body.getValue());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deflateIsTakenWithAndWithoutZlib(boolean raw) {
    for (Map.Entry<String, byte[]> body : Bodies.all().entrySet()) {
      assertWhole("deflate", deflate(body.getValue(), raw), body.getKey(), body.getValue());
    }
  }

  private static void assertWhole(String coding, byte[] encoded, String name, byte[] content) {
    int smallest = content.length > 1_000_000 ? 1_000 : 1;
    for (int size : new int[] {smallest, 7 * smallest, 100_000}) {
      Decoding decoding = Decoding.of(coding, DecodeLimits.STREAM, Decoding.pieces(encoded, size));
      assertThat(decoding.end())
          .as("%s %s in pieces of %d", coding, name, size)
          .isEqualTo(new Decoded.Whole(content.length));
      assertThat(decoding.content()).as(name).isEqualTo(content);
    }
  }

  @Test
  void everySplitGivesTheSame() throws Exception {
    byte[] content = Bodies.page(120);
    for (Map.Entry<String, byte[]> each : encoded(content).entrySet()) {
      byte[] body = each.getValue();
      for (int at = 0; at <= body.length; at++) {
        Decoding decoding =
            Decoding.of(each.getKey(), DecodeLimits.DEFAULT, Decoding.halves(body, at));
        assertThat(decoding.end()).isEqualTo(new Decoded.Whole(content.length));
        assertThat(decoding.content()).isEqualTo(content);
      }
    }
  }

  @Test
  void everyPrefixIsUnfinishedAndGivesWhatItCan() throws Exception {
    byte[] content = Bodies.page(120);
    for (Map.Entry<String, byte[]> each : encoded(content).entrySet()) {
      byte[] body = each.getValue();
      for (int at = 1; at < body.length; at++) {
        Decoding decoding = Decoding.of(each.getKey(), Arrays.copyOf(body, at));
        assertThat(decoding.end())
            .as("%s %d", each.getKey(), at)
            .isEqualTo(new Decoded.Unfinished(decoding.content().length));
        assertThat(decoding.content()).isEqualTo(Arrays.copyOf(content, decoding.content().length));
      }
      assertThat(Decoding.of(each.getKey(), new byte[0]).end()).isEqualTo(new Decoded.Whole(0));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "br, 0b028048656c6c6f03, Hello",
    "br, 06, ''",
    "br, 3b, ''",
    "deflate, f348cdc9c90700, Hello",
    "deflate, 789cf348cdc9c907000 58c01f5, Hello",
    "gzip, 1f8b0800000000000003f348cdc9c907008289d1f705000000, Hello",
    "x-gzip, 1f8b0800000000000003f348cdc9c907008289d1f705000000, Hello",
    "'GZIP ', 1f8b081f00000000000302006162780063006173f348cdc9c907008289d1f705000000, Hello",
    "zstd, 28b52ffd200529000048656c6c6f, Hello",
    "zstd, 28b52ffd0000010000, ''",
    "'', 48656c6c6f, Hello",
    "identity, 48656c6c6f, Hello",
    "'identity, , identity', 48656c6c6f, Hello"
  })
  void knownBodies(String coding, String hex, String content) {
    Decoding decoding = Decoding.of(coding, HexFormat.of().parseHex(hex.replace(" ", "")));
    assertThat(new String(decoding.content(), StandardCharsets.UTF_8)).isEqualTo(content);
    assertThat(decoding.end()).isEqualTo(new Decoded.Whole(content.length()));
  }

  @ParameterizedTest
  @CsvSource({
    "gzip, 1f8c0800000000000003f348cdc9c907008289d1f705000000, not gzip",
    "gzip, 1f8b0900000000000003f348cdc9c907008289d1f705000000, not gzip",
    "gzip, 1f8b0880000000000003f348cdc9c907008289d1f705000000, not gzip",
    "gzip, 1f8b0800000000000003f348cdc9c907008289d1f805000000, checksum",
    "gzip, 1f8b0800000000000003f348cdc9c907008289d1f706000000, checksum",
    "gzip, 1f8b0800000000000003ff48cdc9c907008289d1f705000000, not deflated",
    "gzip, 48656c6c6f, not gzip",
    "deflate, 48656c6c6f, not deflated",
    "deflate, 78bb00000001f348cdc9c90700, with a dictionary",
    "br, 11, not brotli",
    "br, 0b028048656c6c6f83, end with zeros",
    "br, 48656c6c6f20776f726c6421, ''",
    "zstd, 48656c6c6f, not zstd",
    "zstd, 28b52ffd2005070000, not zstd",
    "zstd, 28b52ffd21010529000048656c6c6f, Dictionary"
  })
  void whatIsNotWhatItsCodingSaysIsDamaged(String coding, String hex, String why) {
    Decoding decoding = Decoding.of(coding, HexFormat.of().parseHex(hex));
    assertThat(decoding.end())
        .isInstanceOfSatisfying(
            Decoded.Damaged.class,
            damaged -> {
              assertThat(damaged.why()).contains(why).doesNotContain("\n");
              assertThat(damaged.bytes()).isEqualTo(decoding.content().length);
            });
  }

  @Test
  void whatFollowsTheContentIsCounted() throws Exception {
    byte[] content = bytes("Hello, hello, hello!");
    for (Map.Entry<String, byte[]> each : encoded(content).entrySet()) {
      if (each.getKey().contains(",")) {
        continue;
      }
      for (int more = 1; more < 12; more++) {
        byte[] body = join(each.getValue(), bytes("tail garbage".substring(0, more)));
        for (int at = 0; at <= body.length; at++) {
          Decoding decoding =
              Decoding.of(each.getKey(), DecodeLimits.DEFAULT, Decoding.halves(body, at));
          assertThat(decoding.end()).isEqualTo(new Decoded.Trailing(content.length, more));
          assertThat(decoding.content()).isEqualTo(content);
        }
      }
    }
  }

  @Test
  void gzipMayHaveSeveralMembersAndZerosAfterThem() throws Exception {
    byte[] two = join(Tool.GZIP.run(bytes("one")), Tool.GZIP.run(bytes("two")));
    for (int at = 0; at <= two.length; at++) {
      Decoding decoding = Decoding.of("gzip", DecodeLimits.DEFAULT, Decoding.halves(two, at));
      assertThat(decoding.content()).isEqualTo(bytes("onetwo"));
      assertThat(decoding.end()).isEqualTo(new Decoded.Whole(6));
    }
    assertThat(Decoding.of("gzip", join(two, new byte[512])).end()).isEqualTo(new Decoded.Whole(6));
    assertThat(Decoding.of("gzip", join(two, new byte[] {0x1F})).end())
        .isEqualTo(new Decoded.Trailing(6, 1));
    assertThat(Decoding.of("gzip", join(two, new byte[] {0x1F, (byte) 0x8B})).end())
        .isEqualTo(new Decoded.Unfinished(6));
  }

  @Test
  void zstdMayHaveSeveralFramesAndFramesToSkip() {
    byte[] skipped = HexFormat.of().parseHex("502a4d18030000006a756e");
    byte[] nothing = HexFormat.of().parseHex("5f2a4d1800000000");
    byte[] body =
        join(join(skipped, Zstd.compress(bytes("one"))), join(nothing, Zstd.compress(bytes("2"))));
    for (int at = 0; at <= body.length; at++) {
      Decoding decoding = Decoding.of("zstd", DecodeLimits.DEFAULT, Decoding.halves(body, at));
      assertThat(decoding.content()).isEqualTo(bytes("one2"));
      assertThat(decoding.end()).isEqualTo(new Decoded.Whole(4));
    }
    assertThat(Decoding.of("zstd", skipped).end()).isEqualTo(new Decoded.Whole(0));
    assertThat(Decoding.of("zstd", Arrays.copyOf(skipped, 10)).end())
        .isEqualTo(new Decoded.Unfinished(0));
  }

  @Test
  void zstdWithALargerWindowThanHttpAllowsIsDamaged() {
    byte[] content = Bodies.random(9 * 1024 * 1024);
    for (int log : new int[] {23, 24}) {
      try (var context = new ZstdCompressCtx()) {
        byte[] body = context.setLong(log).setContentSize(false).compress(content);
        Decoded end = Decoding.of("zstd", body).end();
        assertThat(end.isWhole()).as("2^%d", log).isEqualTo(log == 23);
      }
    }
  }

  @Test
  void codingsOnTopOfEachOtherAreTakenOffInTurn() throws Exception {
    byte[] content = Bodies.page(500);
    byte[] twice = Tool.GZIP.run(Tool.brotli(5, 22).run(content));
    assertWhole("br, gzip", twice, "twice", content);
    byte[] four = deflate(Zstd.compress(twice), true);
    assertWhole("BR,gzip ,zstd, identity,deflate", four, "four times", content);
    assertThat(ContentDecoder.codings(Decoding.coded("BR,gzip ,zstd, identity,deflate")))
        .containsExactly("br", "gzip", "zstd", "deflate");
  }

  @ParameterizedTest
  @CsvSource({
    "compress, 'content coding ''compress'' is not known'",
    "'gzip, aws-chunked', 'content coding ''aws-chunked'' is not known'",
    "'gzip, gzip, gzip, gzip, gzip', more than 4 content codings",
    "gz ip, 'content coding ''gz ip'' is not known'"
  })
  void aCodingThatIsNotKnownDecodesNothing(String coding, String why) {
    Decoding decoding = Decoding.of(coding, bytes("Hello"));
    assertThat(decoding.content()).isEmpty();
    assertThat(decoding.end()).isEqualTo(new Decoded.Undecodable(why));
  }

  @Test
  void theLimitOfTheSizeIsExact() throws Exception {
    byte[] content = Bodies.page(5_000);
    var atMost = new DecodeLimits(content.length, 1_000);
    var less = new DecodeLimits(content.length - 1, 1_000);
    for (Map.Entry<String, byte[]> each : encoded(content).entrySet()) {
      for (int size : new int[] {100, 1_000_000}) {
        List<byte[]> pieces = Decoding.pieces(each.getValue(), size);
        assertThat(Decoding.of(each.getKey(), atMost, pieces).end())
            .isEqualTo(new Decoded.Whole(content.length));
        Decoding cut = Decoding.of(each.getKey(), less, pieces);
        assertThat(cut.end())
            .isEqualTo(
                new Decoded.Cut(
                    content.length - 1, "decoded to more than %d bytes".formatted(less.bytes())));
        assertThat(cut.content()).isEqualTo(Arrays.copyOf(content, content.length - 1));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate", "br", "zstd", "gzip, gzip", "br, zstd"})
  void aBombIsCut(String coding) throws Exception {
    byte[] body = encode(coding, new byte[200 * 1024 * 1024]);
    Decoding bySize = Decoding.of(coding, body);
    assertThat(bySize.end())
        .isInstanceOfSatisfying(
            Decoded.Cut.class,
            cut -> assertThat(cut.bytes()).isLessThanOrEqualTo(DecodeLimits.DEFAULT.bytes()));
    Decoding byRatio = Decoding.of(coding, DecodeLimits.STREAM, Decoding.pieces(body, 100));
    assertThat(byRatio.end())
        .isInstanceOfSatisfying(
            Decoded.Cut.class, cut -> assertThat(cut.why()).contains("1000 times"));
    assertThat(byRatio.content().length).isLessThan(32 * 1024 * 1024);
  }

  @Test
  void aFlushedEventComesOutAtOnce() throws Exception {
    for (String coding : List.of("gzip", "deflate", "zstd", "br", "zstd, gzip")) {
      try (var stream = new Flushing(coding)) {
        for (int i = 0; i < 50; i++) {
          byte[] event = bytes("data: {\"choices\": [\"event %d\"]}\n\n".formatted(i * i));
          assertThat(stream.through(event)).as("%s, event %d", coding, i).isEqualTo(event);
        }
      }
    }
  }

  @Test
  void afterTheEndNothingIsTaken() {
    List<Integer> sizes = new ArrayList<>();
    var decoder =
        ContentDecoder.of(
            List.of(),
            DecodeLimits.DEFAULT,
            Decoding.memory(),
            bytes -> sizes.add(bytes.remaining()));
    decoder.feed(ByteBuffer.wrap(bytes("Hello")));
    assertThat(decoder.end()).isEqualTo(new Decoded.Whole(5));
    decoder.feed(ByteBuffer.wrap(bytes("Hello")));
    decoder.close();
    assertThat(decoder.end()).isEqualTo(new Decoded.Whole(5));
    assertThat(sizes).containsExactly(5);
  }

  @Test
  void aDecoderThatWasClosedFirstIsUnfinished() throws Exception {
    for (Map.Entry<String, byte[]> each : encoded(bytes("Hello")).entrySet()) {
      var decoder =
          ContentDecoder.of(
              Decoding.coded(each.getKey()),
              DecodeLimits.DEFAULT,
              Decoding.memory(),
              ByteBuffer::remaining);
      decoder.feed(ByteBuffer.wrap(each.getValue()));
      decoder.close();
      decoder.feed(ByteBuffer.wrap(each.getValue()));
      assertThat(decoder.end()).isEqualTo(new Decoded.Unfinished(5));
    }
  }

  @Test
  void nothingThrowsWhateverTheBytesAndEverySplitGivesTheSame() throws Exception {
    var random = new Random(7932);
    byte[] content = Bodies.page(60);
    List<Map.Entry<String, byte[]>> bodies = List.copyOf(encoded(content).entrySet());
    for (int i = 0; i < MUTATIONS; i++) {
      Map.Entry<String, byte[]> body = bodies.get(i % bodies.size());
      byte[] changed = Decoding.mutated(body.getValue(), random);
      Decoding whole = Decoding.of(body.getKey(), changed);
      int size = 1 + random.nextInt(20);
      Decoding pieces =
          Decoding.of(body.getKey(), DecodeLimits.DEFAULT, Decoding.pieces(changed, size));
      assertThat(pieces.end().getClass())
          .as("%s %s", body.getKey(), HexFormat.of().formatHex(changed))
          .isEqualTo(whole.end().getClass());
      assertThat(whole.end().bytes()).isEqualTo(whole.content().length);
      if (!(whole.end() instanceof Decoded.Damaged)) {
        assertThat(pieces.content()).isEqualTo(whole.content());
        assertThat(pieces.end()).isEqualTo(whole.end());
      }
    }
  }

  /** Every coding, and two on top of each other. */
  private static Map<String, byte[]> encoded(byte[] content) throws Exception {
    return Map.of(
        "gzip", encode("gzip", content),
        "deflate", encode("deflate", content),
        "br", encode("br", content),
        "zstd", encode("zstd", content),
        "br, gzip", encode("br, gzip", content));
  }

  private static byte[] encode(String codings, byte[] content) throws Exception {
    byte[] body = content;
    for (String coding : codings.split(", ", -1)) {
      body =
          switch (coding) {
            case "gzip" -> gzip(body);
            case "deflate" -> deflate(body, false);
            case "br" -> Tool.brotli(9, 22).run(body);
            default -> Zstd.compress(body);
          };
    }
    return body;
  }

  private static byte[] gzip(byte[] content) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  private static byte[] deflate(byte[] content, boolean raw) {
    var out = new ByteArrayOutputStream();
    var deflater = new Deflater(9, raw);
    try {
      deflater.setInput(content);
      deflater.finish();
      byte[] chunk = new byte[64 * 1024];
      while (!deflater.finished()) {
        out.write(chunk, 0, deflater.deflate(chunk));
      }
    } finally {
      deflater.end();
    }
    return out.toByteArray();
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }
}
