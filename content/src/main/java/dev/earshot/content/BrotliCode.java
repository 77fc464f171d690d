package dev.earshot.content;

/**
 * A prefix code of brotli (RFC 7932 section 3.2): from the lengths of its codes, which are at most
 * 15 bits. Short codes are looked up, long ones are walked to.
 */
final class BrotliCode {
  private static final int LONGEST = 15;
  private static final int FAST_BITS = 8;
  private static final int SYMBOL_BITS = 11;
  private static final int SYMBOL_MASK = (1 << SYMBOL_BITS) - 1;

  /** By the next bits: the symbol and the length of its code; 0 for a code that is longer. */
  private final short[] fast;

  private final short[] counts = new short[LONGEST + 1];

  /** All symbols with a code, by its length, then by themselves. */
  private final short[] symbols;

  private BrotliCode(short[] fast, short[] symbols) {
    this.fast = fast;
    this.symbols = symbols;
  }

  /** A code of one symbol, which takes no bits. */
  static BrotliCode single(int symbol) {
    return new BrotliCode(new short[0], new short[] {(short) symbol});
  }

  /** The code whose lengths these are, in symbols from 0 to size; the lengths fit together. */
  static BrotliCode of(byte[] lengths, int size) {
    int used = 0;
    for (int i = 0; i < size; i++) {
      used += lengths[i] == 0 ? 0 : 1;
    }
    var code = new BrotliCode(new short[1 << FAST_BITS], new short[used]);
    code.fill(lengths, size);
    return code;
  }

  private void fill(byte[] lengths, int size) {
    for (int i = 0; i < size; i++) {
      counts[lengths[i]]++;
    }
    counts[0] = 0;
    int[] next = new int[LONGEST + 2];
    int[] places = new int[LONGEST + 2];
    for (int length = 1; length <= LONGEST; length++) {
      next[length + 1] = (next[length] + counts[length]) << 1;
      places[length + 1] = places[length] + counts[length];
    }
    for (int symbol = 0; symbol < size; symbol++) {
      int length = lengths[symbol];
      if (length != 0) {
        symbols[places[length]++] = (short) symbol;
        int bits = Integer.reverse(next[length]++) >>> (32 - length);
        for (int i = bits; length <= FAST_BITS && i < fast.length; i += 1 << length) {
          fast[i] = (short) (length << SYMBOL_BITS | symbol);
        }
      }
    }
  }

  /** The next symbol. The bits are looked at, and taken only if there are enough. */
  int read(BrotliBits bits) throws BrotliBits.Missing {
    if (fast.length == 0) {
      return symbols[0];
    }
    int ahead = bits.peek();
    int found = fast[ahead & ((1 << FAST_BITS) - 1)];
    if (found != 0) {
      bits.take(found >> SYMBOL_BITS);
      return found & SYMBOL_MASK;
    }
    int code = 0;
    int first = 0;
    int place = 0;
    for (int length = 1; length <= LONGEST; length++) {
      code |= ahead & 1;
      ahead >>>= 1;
      int count = counts[length];
      if (code - first < count) {
        bits.take(length);
        return symbols[place + code - first];
      }
      place += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new IllegalStateException("a code that is not full");
  }
}
