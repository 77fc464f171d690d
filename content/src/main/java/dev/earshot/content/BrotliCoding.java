package dev.earshot.content;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The coding {@code br} (RFC 7932). The decoders there are for Java read a stream, and give out
 * nothing before their window is full or the stream ends; this one gives out whatever the bytes so
 * far say, so that flushed events are seen at once. It holds the window (at most 16 MiB, and only
 * as much as was decoded, rounded up) and the prefix codes of one meta-block.
 *
 * <p>It goes from state to state; in each it does steps that are done as a whole or, when bits are
 * missing, again when more have come.
 */
final class BrotliCoding extends Coding {
  private static final int[] BLOCK_BASE = {
    1, 5, 9, 13, 17, 25, 33, 41, 49, 65, 81, 97, 113, 145, 177, 209, 241, 305, 369, 497, 753, 1265,
    2289, 4337, 8433, 16625
  };
  private static final int[] BLOCK_BITS = {
    2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24
  };
  private static final int[] INSERT_BASE = {
    0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 26, 34, 50, 66, 98, 130, 194, 322, 578, 1090, 2114, 6210,
    22594
  };
  private static final int[] INSERT_BITS = {
    0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24
  };
  private static final int[] COPY_BASE = {
    2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30, 38, 54, 70, 102, 134, 198, 326, 582, 1094, 2118
  };
  private static final int[] COPY_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24
  };

  /** RFC 7932 section 5, by the command's upper bits: where its insert and copy codes begin. */
  private static final int[] INSERT_CELL = {0, 0, 0, 0, 8, 8, 0, 16, 8, 16, 16};

  private static final int[] COPY_CELL = {0, 8, 0, 8, 0, 8, 16, 0, 16, 8, 16};

  /** RFC 7932 section 4: which of the last distances, and what is added to it. */
  private static final int[] RECENT_INDEX = {0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};

  private static final int[] RECENT_PLUS = {0, 0, 0, 0, -1, 1, -2, 2, -3, 3, -1, 1, -2, 2, -3, 3};

  /** RFC 7932 section 3.5: the order of the code lengths of code lengths. */
  private static final int[] LENGTH_ORDER = {
    1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15
  };

  /** Their fixed code, by four bits: length of the code, then the value. */
  private static final int[] LENGTH_CODE = {
    0x20, 0x24, 0x23, 0x32, 0x20, 0x24, 0x23, 0x41, 0x20, 0x24, 0x23, 0x32, 0x20, 0x24, 0x23, 0x45
  };

  private static final int LITERAL = 0;
  private static final int COMMAND = 1;
  private static final int DISTANCE = 2;
  private static final int LITERALS = 256;
  private static final int COMMANDS = 704;
  private static final int BLOCK_LENGTHS = 26;
  private static final int RECENT = 16;
  private static final int REPEAT = 16;
  private static final int FIRST_WINDOW = 16 * 1024;
  private static final int LONGEST_WORD = 64;

  private enum State {
    WINDOW,
    BLOCK,
    METADATA,
    STORED,
    BLOCK_TYPES,
    BLOCK_TYPE_CODE,
    BLOCK_LENGTH_CODE,
    BLOCK_FIRST,
    PARAMETERS,
    MAP,
    MAP_CODE,
    MAP_ENTRIES,
    MAP_END,
    CODES,
    NEXT_COMMAND,
    INSERT,
    NEXT_DISTANCE,
    COPY,
    END
  }

  /** What is kept for literals, for commands and for distances. */
  private static final class Category {
    int types;
    BrotliCode typeCode = BrotliCode.single(0);
    BrotliCode lengthCode = BrotliCode.single(0);
    int length;
    int type;
    int typeBefore;

    /** Which code is used: by block type and context; of commands, by block type alone. */
    byte[] map = {};

    BrotliCode[] codes = {};
  }

  private final BrotliBits bits = new BrotliBits();
  private final Category[] categories = {new Category(), new Category(), new Category()};
  private final byte[] lengths = new byte[COMMANDS];
  private final byte[] word = new byte[LONGEST_WORD];
  private State state = State.WINDOW;

  private byte[] ring = {};
  private int windowSize;
  private int at;
  private int given;
  private boolean wrapped;

  private boolean last;
  private int left;

  /** The category whose part of the header is read, and the entry within. */
  private int category;

  private int entry;
  private int longestRun;
  private BrotliCode mapCode = BrotliCode.single(0);

  private int postfix;
  private int direct;
  private byte[] modes = {};
  private byte[] contextLast = {};
  private byte[] contextBefore = {};

  private int insert;
  private int copy;
  private boolean lastDistance;
  private int distance;
  private final int[] recent = {4, 11, 15, 16};

  @Override
  void feed(ByteBuffer in, Output out) throws StopDecoding {
    while (in.hasRemaining() && state != State.END) {
      bits.refill(in);
      try {
        while (state != State.END) {
          step(out);
        }
      } catch (BrotliBits.Missing e) {
        bits.reset();
      } catch (StopDecoding e) {
        // What was decoded before the damage; after a cut nothing more is taken.
        if (e.reason() == StopDecoding.Reason.DAMAGED) {
          give(out);
        }
        throw e;
      }
      give(out);
    }
    if (state == State.END) {
      skipTrailing(bits.skip(Integer.MAX_VALUE));
      skipTrailing(in);
    }
  }

  @Override
  boolean end() {
    return state == State.END;
  }

  @Override
  long memory() {
    return ring.length + STATE;
  }

  @Override
  public void close() {
    ring = new byte[0];
  }

  private void step(Output out) throws StopDecoding, BrotliBits.Missing {
    switch (state) {
      case WINDOW -> window();
      case BLOCK -> block();
      case METADATA -> metadata();
      case STORED -> stored(out);
      case BLOCK_TYPES -> blockTypes();
      case BLOCK_TYPE_CODE -> {
        categories[category].typeCode = code(categories[category].types + 2);
        state = State.BLOCK_LENGTH_CODE;
      }
      case BLOCK_LENGTH_CODE -> {
        categories[category].lengthCode = code(BLOCK_LENGTHS);
        state = State.BLOCK_FIRST;
      }
      case BLOCK_FIRST -> {
        bits.mark();
        categories[category].length = blockLength(categories[category].lengthCode);
        bits.done();
        nextBlockTypes();
      }
      case PARAMETERS -> parameters();
      case MAP -> map();
      case MAP_CODE -> {
        mapCode = code(categories[category].codes.length + longestRun);
        entry = 0;
        state = State.MAP_ENTRIES;
      }
      case MAP_ENTRIES -> mapEntries();
      case MAP_END -> {
        if (bits.read(1) == 1) {
          moveToFront(categories[category].map);
        }
        mapDone();
      }
      case CODES -> codes();
      case NEXT_COMMAND -> command();
      case INSERT -> insert(out);
      case NEXT_DISTANCE -> distance();
      case COPY -> copy(out);
      case END -> throw new IllegalStateException("no step after the end");
    }
  }

  /** RFC 7932 section 9.1. */
  private void window() throws StopDecoding, BrotliBits.Missing {
    bits.mark();
    int size = 16;
    if (bits.read(1) == 1) {
      int upper = bits.read(3);
      size = 17 + upper;
      if (upper == 0) {
        int lower = bits.read(3);
        size = lower == 0 ? 17 : 8 + lower;
        if (lower == 1) {
          throw StopDecoding.damaged("not brotli data");
        }
      }
    }
    bits.done();
    windowSize = 1 << size;
    ring = new byte[Math.min(windowSize, FIRST_WINDOW)];
    state = State.BLOCK;
  }

  /** The head of a meta-block (RFC 7932 section 9.2), up to its length. */
  private void block() throws StopDecoding, BrotliBits.Missing {
    if (last) {
      if (!bits.align()) {
        throw StopDecoding.damaged("brotli data does not end with zeros");
      }
      state = State.END;
      return;
    }
    bits.mark();
    boolean isLast = bits.read(1) == 1;
    if (isLast && bits.read(1) == 1) {
      bits.done();
      last = true;
      return;
    }
    int nibbles = bits.read(2);
    if (nibbles == 3) {
      if (bits.read(1) != 0) {
        throw StopDecoding.damaged("a reserved bit of brotli is set");
      }
      left = length(bits.read(2), 8);
      state = State.METADATA;
    } else {
      left = length(4 + nibbles, 4);
      boolean isStored = !isLast && bits.read(1) == 1;
      state = isStored ? State.STORED : State.BLOCK_TYPES;
    }
    bits.done();
    last = isLast;
    category = 0;
    if (state != State.BLOCK_TYPES && !bits.align()) {
      throw StopDecoding.damaged("brotli data is not filled up with zeros");
    }
  }

  /** A length less one, in so many digits; more than the fewest digits must be needed. */
  private int length(int digits, int digitBits) throws StopDecoding, BrotliBits.Missing {
    if (digits == 0) {
      return 0;
    }
    int fewest = digitBits == 8 ? 1 : 4;
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = bits.read(digitBits);
      if (digit == 0 && i == digits - 1 && digits > fewest) {
        throw StopDecoding.damaged("a length of brotli with too many digits");
      }
      value |= digit << (i * digitBits);
    }
    return value + 1;
  }

  private void metadata() throws BrotliBits.Missing {
    left -= bits.skip(left);
    if (left > 0) {
      throw new BrotliBits.Missing();
    }
    state = State.BLOCK;
  }

  private void stored(Output out) throws StopDecoding, BrotliBits.Missing {
    int copied = bits.copy(ring, at, Math.min(left, ring.length - at));
    if (copied == 0) {
      throw new BrotliBits.Missing();
    }
    at += copied;
    left -= copied;
    if (at == ring.length) {
      wrap(out);
    }
    if (left == 0) {
      state = State.BLOCK;
    }
  }

  private void blockTypes() throws BrotliBits.Missing {
    bits.mark();
    Category these = categories[category];
    these.types = count();
    bits.done();
    these.type = 0;
    these.typeBefore = 1;
    // A single block, as long as any meta-block.
    these.length = Integer.MAX_VALUE;
    if (these.types > 1) {
      state = State.BLOCK_TYPE_CODE;
    } else {
      nextBlockTypes();
    }
  }

  private void nextBlockTypes() {
    category++;
    state = category > DISTANCE ? State.PARAMETERS : State.BLOCK_TYPES;
  }

  /** A number from 1 to 256 (RFC 7932 section 9.2, NBLTYPES). */
  private int count() throws BrotliBits.Missing {
    if (bits.read(1) == 0) {
      return 1;
    }
    int more = bits.read(3);
    return (1 << more) + bits.read(more) + 1;
  }

  private void parameters() throws BrotliBits.Missing {
    bits.mark();
    int newPostfix = bits.read(2);
    int newDirect = bits.read(4) << newPostfix;
    byte[] newModes = new byte[categories[LITERAL].types];
    for (int i = 0; i < newModes.length; i++) {
      newModes[i] = (byte) bits.read(2);
    }
    bits.done();
    postfix = newPostfix;
    direct = newDirect;
    modes = newModes;
    category = LITERAL;
    state = State.MAP;
  }

  /** The head of a context map (RFC 7932 section 7.3). */
  private void map() throws BrotliBits.Missing {
    Category these = categories[category];
    bits.mark();
    int trees = count();
    int run = trees > 1 && bits.read(1) == 1 ? bits.read(4) + 1 : 0;
    bits.done();
    these.map = new byte[these.types << (category == LITERAL ? 6 : 2)];
    these.codes = new BrotliCode[trees];
    longestRun = run;
    if (trees > 1) {
      state = State.MAP_CODE;
    } else {
      mapDone();
    }
  }

  private void mapEntries() throws StopDecoding, BrotliBits.Missing {
    byte[] map = categories[category].map;
    while (entry < map.length) {
      bits.mark();
      int symbol = mapCode.read(bits);
      int run = symbol == 0 || symbol > longestRun ? 1 : (1 << symbol) + bits.read(symbol);
      bits.done();
      if (run > map.length - entry) {
        throw StopDecoding.damaged("a context map of brotli is too long");
      }
      if (symbol > longestRun) {
        map[entry] = (byte) (symbol - longestRun);
      }
      entry += run;
    }
    state = State.MAP_END;
  }

  private static void moveToFront(byte[] map) {
    byte[] front = new byte[256];
    for (int i = 0; i < front.length; i++) {
      front[i] = (byte) i;
    }
    for (int i = 0; i < map.length; i++) {
      int index = map[i] & 0xFF;
      byte value = front[index];
      map[i] = value;
      System.arraycopy(front, 0, front, 1, index);
      front[0] = value;
    }
  }

  private void mapDone() {
    if (category == LITERAL) {
      category = DISTANCE;
      state = State.MAP;
    } else {
      categories[COMMAND].codes = new BrotliCode[categories[COMMAND].types];
      category = LITERAL;
      entry = 0;
      state = State.CODES;
    }
  }

  private void codes() throws StopDecoding, BrotliBits.Missing {
    int size =
        switch (category) {
          case LITERAL -> LITERALS;
          case COMMAND -> COMMANDS;
          default -> RECENT + direct + (48 << postfix);
        };
    BrotliCode[] codes = categories[category].codes;
    while (entry < codes.length) {
      codes[entry] = code(size);
      entry++;
    }
    entry = 0;
    category++;
    if (category > DISTANCE) {
      literalContext();
      state = State.NEXT_COMMAND;
    }
  }

  /** A prefix code (RFC 7932 sections 3.4 and 3.5). */
  private BrotliCode code(int size) throws StopDecoding, BrotliBits.Missing {
    bits.mark();
    Arrays.fill(lengths, 0, size, (byte) 0);
    int skipped = bits.read(2);
    BrotliCode code = skipped == 1 ? simpleCode(size) : complexCode(size, skipped);
    bits.done();
    return code;
  }

  private BrotliCode simpleCode(int size) throws StopDecoding, BrotliBits.Missing {
    int symbols = bits.read(2) + 1;
    int symbolBits = 32 - Integer.numberOfLeadingZeros(size - 1);
    int[] listed = new int[symbols];
    for (int i = 0; i < symbols; i++) {
      listed[i] = bits.read(symbolBits);
      if (listed[i] >= size || lengths[listed[i]] != 0) {
        throw StopDecoding.damaged("a symbol of brotli that cannot be");
      }
      lengths[listed[i]] = 2;
    }
    switch (symbols) {
      case 1 -> {
        return BrotliCode.single(listed[0]);
      }
      case 2 -> {
        lengths[listed[0]] = 1;
        lengths[listed[1]] = 1;
      }
      case 3 -> lengths[listed[0]] = 1;
      default -> {
        if (bits.read(1) == 1) {
          lengths[listed[0]] = 1;
          lengths[listed[2]] = 3;
          lengths[listed[3]] = 3;
        }
      }
    }
    return BrotliCode.of(lengths, size);
  }

  private BrotliCode complexCode(int size, int skipped) throws StopDecoding, BrotliBits.Missing {
    BrotliCode lengthCode = lengthCode(skipped);
    int symbol = 0;
    int space = 1 << 15;
    int before = 8;
    int repeated = 0;
    int repeatedLength = -1;
    while (symbol < size && space > 0) {
      int value = lengthCode.read(bits);
      if (value < REPEAT) {
        repeated = 0;
        lengths[symbol++] = (byte) value;
        if (value != 0) {
          before = value;
          space -= (1 << 15) >> value;
        }
      } else {
        int length = value == REPEAT ? before : 0;
        int extra = value - REPEAT + 2;
        if (length != repeatedLength) {
          repeated = 0;
          repeatedLength = length;
        }
        int old = repeated;
        repeated = (old == 0 ? 0 : (old - 2) << extra) + 3 + bits.read(extra);
        int more = repeated - old;
        if (more > size - symbol) {
          throw StopDecoding.damaged("too many code lengths of brotli");
        }
        Arrays.fill(lengths, symbol, symbol + more, (byte) length);
        symbol += more;
        if (length != 0) {
          space -= more << (15 - length);
        }
      }
    }
    if (space != 0) {
      throw StopDecoding.damaged("code lengths of brotli do not fit together");
    }
    return BrotliCode.of(lengths, size);
  }

  private BrotliCode lengthCode(int skipped) throws StopDecoding, BrotliBits.Missing {
    byte[] of = new byte[LENGTH_ORDER.length];
    int space = 32;
    int codes = 0;
    int only = 0;
    for (int i = skipped; i < of.length && space > 0; i++) {
      int found = LENGTH_CODE[bits.peek() & 15];
      bits.take(found >> 4);
      int length = found & 15;
      if (length != 0) {
        of[LENGTH_ORDER[i]] = (byte) length;
        only = LENGTH_ORDER[i];
        space -= 32 >> length;
        codes++;
      }
    }
    if (codes == 1) {
      return BrotliCode.single(only);
    }
    if (space != 0) {
      throw StopDecoding.damaged("code lengths of brotli do not fit together");
    }
    return BrotliCode.of(of, of.length);
  }

  private int blockLength(BrotliCode lengthCode) throws BrotliBits.Missing {
    int code = lengthCode.read(bits);
    return BLOCK_BASE[code] + bits.read(BLOCK_BITS[code]);
  }

  /** The block before is used up. A step of its own, since it changes what is kept. */
  private void beginBlock(Category these) throws BrotliBits.Missing {
    bits.mark();
    int code = these.typeCode.read(bits);
    int length = blockLength(these.lengthCode);
    bits.done();
    int type = code == 0 ? these.typeBefore : code == 1 ? these.type + 1 : code - 2;
    these.typeBefore = these.type;
    these.type = type >= these.types ? type - these.types : type;
    these.length = length;
  }

  private void literalContext() {
    int mode = modes[categories[LITERAL].type];
    contextLast = BrotliContext.last(mode);
    contextBefore = BrotliContext.before(mode);
  }

  private void command() throws StopDecoding, BrotliBits.Missing {
    if (left == 0) {
      state = State.BLOCK;
      return;
    }
    Category these = categories[COMMAND];
    if (these.length == 0) {
      beginBlock(these);
    }
    bits.mark();
    int symbol = these.codes[these.type].read(bits);
    int cell = symbol >> 6;
    int insertCode = INSERT_CELL[cell] + (symbol >> 3 & 7);
    int copyCode = COPY_CELL[cell] + (symbol & 7);
    int newInsert = INSERT_BASE[insertCode] + bits.read(INSERT_BITS[insertCode]);
    int newCopy = COPY_BASE[copyCode] + bits.read(COPY_BITS[copyCode]);
    bits.done();
    if (newInsert > left) {
      throw StopDecoding.damaged("brotli data is longer than it says");
    }
    these.length--;
    insert = newInsert;
    copy = newCopy;
    lastDistance = cell < 2;
    left -= newInsert;
    state = State.INSERT;
  }

  private void insert(Output out) throws StopDecoding, BrotliBits.Missing {
    Category these = categories[LITERAL];
    int mask = ring.length - 1;
    int last1 = ring[at - 1 & mask] & 0xFF;
    int last2 = ring[at - 2 & mask] & 0xFF;
    byte[] map = these.map;
    BrotliCode[] codes = these.codes;
    while (insert > 0) {
      if (these.length == 0) {
        beginBlock(these);
        literalContext();
      }
      int context = contextLast[last1] | contextBefore[last2];
      int literal = codes[map[these.type << 6 | context] & 0xFF].read(bits);
      these.length--;
      insert--;
      last2 = last1;
      last1 = literal;
      ring[at++] = (byte) literal;
      if (at == ring.length) {
        wrap(out);
      }
    }
    // A meta-block may end with the literals of its last command.
    state = left == 0 ? State.BLOCK : State.NEXT_DISTANCE;
  }

  /** RFC 7932 section 4. */
  private void distance() throws StopDecoding, BrotliBits.Missing {
    int code = 0;
    if (!lastDistance) {
      Category these = categories[DISTANCE];
      if (these.length == 0) {
        beginBlock(these);
      }
      bits.mark();
      int context = Math.min(copy, 5) - 2;
      code = these.codes[these.map[these.type << 2 | context] & 0xFF].read(bits);
      distance = code < RECENT ? recent(code) : farther(code);
      bits.done();
      these.length--;
    } else {
      distance = recent[0];
    }
    int farthest = wrapped ? windowSize - 16 : Math.min(at, windowSize - 16);
    if (distance <= 0) {
      throw StopDecoding.damaged("a distance of brotli that cannot be");
    }
    if (distance > farthest) {
      copy = wordOf(distance - farthest - 1);
      distance = 0;
    } else if (code != 0) {
      System.arraycopy(recent, 0, recent, 1, recent.length - 1);
      recent[0] = distance;
    }
    if (copy > left) {
      throw StopDecoding.damaged("brotli data is longer than it says");
    }
    left -= copy;
    state = State.COPY;
  }

  private int recent(int code) {
    return recent[RECENT_INDEX[code]] + RECENT_PLUS[code];
  }

  private int farther(int code) throws BrotliBits.Missing {
    if (code < RECENT + direct) {
      return code - RECENT + 1;
    }
    int rest = code - RECENT - direct;
    int extra = 1 + (rest >> (postfix + 1));
    int upper = rest >> postfix;
    int lower = rest & ((1 << postfix) - 1);
    int offset = ((2 + (upper & 1)) << extra) - 4;
    return ((offset + bits.read(extra)) << postfix) + lower + direct + 1;
  }

  /** Makes the word that is copied instead (RFC 7932 section 8). Returns its length. */
  private int wordOf(int id) throws StopDecoding {
    int length =
        copy < BrotliWords.SHORTEST || copy > BrotliWords.LONGEST
            ? -1
            : BrotliWords.get().write(copy, id, word);
    if (length < 0) {
      throw StopDecoding.damaged("a word of brotli that cannot be");
    }
    return length;
  }

  /** Copies from the window, or a word. Needs no bits. */
  private void copy(Output out) throws StopDecoding {
    int from = 0;
    while (copy > 0) {
      int most = Math.min(copy, ring.length - at);
      if (distance == 0) {
        System.arraycopy(word, from, ring, at, most);
        from += most;
      } else {
        int source = at - distance & (ring.length - 1);
        most = Math.min(most, ring.length - source);
        if (distance >= most) {
          System.arraycopy(ring, source, ring, at, most);
        } else {
          // The source goes on with what is written now.
          for (int i = 0; i < most; i++) {
            ring[at + i] = ring[source + i];
          }
        }
      }
      at += most;
      copy -= most;
      if (at == ring.length) {
        wrap(out);
      }
    }
    state = State.NEXT_COMMAND;
  }

  /** At the end of the window: gives out what was decoded, and makes room. */
  private void wrap(Output out) throws StopDecoding {
    give(out);
    if (ring.length < windowSize) {
      ring = Arrays.copyOf(ring, 2 * ring.length);
    } else {
      at = 0;
      given = 0;
      wrapped = true;
    }
  }

  private void give(Output out) throws StopDecoding {
    if (given < at) {
      int from = given;
      given = at;
      out.accept(ByteBuffer.wrap(ring, from, at - from).asReadOnlyBuffer());
    }
  }
}
