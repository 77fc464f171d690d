package dev.earshot.content;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** The static dictionary of brotli (RFC 7932 section 8): words, and ways to change a word. */
final class BrotliWords {
  static final int SHORTEST = 4;
  static final int LONGEST = 24;

  private static final int BYTES = 122_784;

  /** RFC 7932 appendix A: "The CRC-32 of the dictionary". */
  private static final long CRC = 0x5136_CB04L;

  /** Logarithm of the number of words of each length. */
  private static final int[] COUNT_BITS = {
    0, 0, 0, 0, 10, 10, 11, 11, 10, 10, 10, 10, 10, 9, 9, 8, 7, 7, 8, 7, 7, 6, 6, 5, 5
  };

  private static final int CHANGES = 121;

  /**
   * RFC 7932 appendix B: prefix, operation, suffix. The operations are = as it is, ^ first
   * character in upper case, ! all in upper case, &lt;n without the first n bytes, &gt;n without
   * the last. A $ is a line feed, a ~ a tab.
   */
  private static final String CHANGE_LIST =
      """
      |=|||=| | |=| ||<1|||^| ||=| the | |=||s |=| ||=| of ||^|||=| and ||<2|||>1||
      , |=| ||=|, | |^| ||=| in ||=| to |e |=| ||=|"||=|.||=|">||=|$||>3|||=|]|
      |=| for ||<3|||>2|||=| a ||=| that | |^|||=|. |.|=|| |=|, ||<4|||=| with ||=|'|
      |=| from ||=| by ||<5|||<6|| the |=|||>4|||=|. The ||!|||=| on ||=| as ||=| is |
      |>7|||>1|ing ||=|$~||=|:| |=|. ||=|ed ||<9|||<7|||>6|||=|(||^|, ||>8|||=| at |
      |=|ly | the |=| of ||>5|||>9|| |^|, ||^|"|.|=|(||!| ||^|">||=|="| |=|.|.com/|=||
       the |=| of the ||^|'||=|. This ||=|,|.|=| ||^|(||^|.||=| not | |=|="||=|er |
       |!| ||=|al | |!|||=|='||!|"||^|. | |=|(||=|ful | |^|. ||=|ive ||=|less ||!|'|
      |=|est | |^|.||!|">| |=|='||^|,||=|ize ||!|.|\u00c2\u00a0|=|| |=|,||^|="||!|="|
      |=|ous ||!|, ||^|='| |^|,| |!|="| |!|, ||!|,||!|(||!|. | |!|.||!|='| |!|. |
       |^|="| |!|='| |^|='|
      """;

  private final byte[] words;
  private final int[] offsets = new int[LONGEST + 2];
  private final Change[] changes = new Change[CHANGES];

  private BrotliWords(byte[] words) {
    this.words = words;
    for (int length = SHORTEST; length <= LONGEST; length++) {
      offsets[length + 1] = offsets[length] + (length << COUNT_BITS[length]);
    }
    String[] parts = CHANGE_LIST.replace("\n", "").split("\\|", -1);
    for (int i = 0; i < CHANGES; i++) {
      changes[i] = new Change(bytes(parts[3 * i]), parts[3 * i + 1], bytes(parts[3 * i + 2]));
    }
  }

  /** Loaded when the first body needs a word. */
  static BrotliWords get() {
    return Loaded.WORDS;
  }

  private static final class Loaded {
    static final BrotliWords WORDS = load();
  }

  private static BrotliWords load() {
    try (InputStream in = BrotliWords.class.getResourceAsStream("brotli-dictionary.bin")) {
      byte[] words = in == null ? new byte[0] : in.readAllBytes();
      var crc = new CRC32();
      crc.update(words);
      if (words.length != BYTES || crc.getValue() != CRC) {
        throw new IllegalStateException("the dictionary of brotli is not the one of RFC 7932");
      }
      return new BrotliWords(words);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(String text) {
    return text.replace('$', '\n').replace('~', '\t').getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * Writes a word into the buffer, which has room for the longest.
   *
   * @param length the word's length, from {@link #SHORTEST} to {@link #LONGEST}
   * @param id which word of this length, changed how
   * @return how many bytes were written; -1 if there is no such change
   */
  int write(int length, int id, byte[] to) {
    int word = id & ((1 << COUNT_BITS[length]) - 1);
    int change = id >>> COUNT_BITS[length];
    return change < CHANGES
        ? changes[change].write(words, offsets[length] + word * length, length, to)
        : -1;
  }

  private static final class Change {
    private final byte[] prefix;
    private final String operation;
    private final byte[] suffix;

    Change(byte[] prefix, String operation, byte[] suffix) {
      this.prefix = prefix;
      this.operation = operation;
      this.suffix = suffix;
    }

    int write(byte[] words, int offset, int length, byte[] to) {
      char kind = operation.charAt(0);
      int omitted = kind == '<' || kind == '>' ? operation.charAt(1) - '0' : 0;
      int from = kind == '<' ? Math.min(omitted, length) : 0;
      int until = kind == '>' ? Math.max(length - omitted, 0) : length;
      System.arraycopy(prefix, 0, to, 0, prefix.length);
      int at = prefix.length;
      System.arraycopy(words, offset + from, to, at, until - from);
      int end = at + until - from;
      if (kind == '^') {
        upperCase(to, at, end);
      } else if (kind == '!') {
        while (at < end) {
          at += upperCase(to, at, end);
        }
      }
      System.arraycopy(suffix, 0, to, end, suffix.length);
      return end + suffix.length;
    }

    /** Returns how many bytes the character has. */
    private static int upperCase(byte[] to, int at, int end) {
      int lead = to[at] & 0xFF;
      if (lead < 0xC0) {
        if (lead >= 'a' && lead <= 'z') {
          to[at] ^= 32;
        }
        return 1;
      }
      if (lead < 0xE0) {
        if (at + 1 < end) {
          to[at + 1] ^= 32;
        }
        return 2;
      }
      if (at + 2 < end) {
        to[at + 2] ^= 5;
      }
      return 3;
    }
  }
}
