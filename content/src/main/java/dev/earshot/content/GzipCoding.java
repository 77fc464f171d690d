package dev.earshot.content;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * The coding {@code gzip} (RFC 9110 section 8.4.1.3, RFC 1952): one member or several. Zeros after
 * the last are padding, as gzip(1) takes them.
 */
final class GzipCoding extends Coding {
  private static final int MAGIC_1 = 0x1F;
  private static final int MAGIC_2 = 0x8B;
  private static final int DEFLATED = 8;

  private static final int HEADER_CRC = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xE0;

  private enum Part {
    HEADER,
    EXTRA_LENGTH,
    EXTRA,
    NAME,
    COMMENT,
    HEADER_CRC,
    DATA,
    TRAILER,
    BETWEEN,
    AFTER
  }

  private final Inflation inflation = Inflation.raw();
  private final CRC32 crc = new CRC32();
  private Part part = Part.HEADER;
  private int flags;

  /** How many bytes of the part were read, and those of them that are a number. */
  private int read;

  private long number;
  private int inflated;

  @Override
  void feed(ByteBuffer in, Output out) throws StopDecoding {
    while (in.hasRemaining()) {
      switch (part) {
        case DATA -> data(in, out);
        case EXTRA -> {
          int skipped = (int) Math.min(in.remaining(), number);
          in.position(in.position() + skipped);
          number -= skipped;
          if (number == 0) {
            enter(Part.NAME);
          }
        }
        case AFTER -> skipTrailing(in);
        default -> step(in.get() & 0xFF);
      }
    }
  }

  private void data(ByteBuffer in, Output out) throws StopDecoding {
    inflation.feed(
        in,
        decoded -> {
          crc.update(decoded.duplicate());
          inflated += decoded.remaining();
          out.accept(decoded);
        });
    if (inflation.finished()) {
      enter(Part.TRAILER);
    }
  }

  private void step(int octet) throws StopDecoding {
    switch (part) {
      case HEADER -> header(octet);
      case EXTRA_LENGTH -> {
        number |= (long) octet << (8 * read++);
        if (read == 2) {
          long length = number;
          enter(length == 0 ? Part.NAME : Part.EXTRA);
          number = length;
        }
      }
      case NAME -> {
        if (octet == 0) {
          enter(Part.COMMENT);
        }
      }
      case COMMENT -> {
        if (octet == 0) {
          enter(Part.HEADER_CRC);
        }
      }
      case HEADER_CRC -> {
        if (++read == 2) {
          enter(Part.DATA);
        }
      }
      case TRAILER -> trailer(octet);
      case BETWEEN -> between(octet);
      case EXTRA, DATA, AFTER -> throw new IllegalStateException("not by single bytes: " + part);
    }
  }

  private void header(int octet) throws StopDecoding {
    boolean right =
        switch (read) {
          case 0 -> octet == MAGIC_1;
          case 1 -> octet == MAGIC_2;
          case 2 -> octet == DEFLATED;
          case 3 -> (octet & RESERVED) == 0;
          default -> true;
        };
    if (!right) {
      throw StopDecoding.damaged("not gzip data");
    }
    if (read == 3) {
      flags = octet;
    }
    if (++read == 10) {
      enter(Part.EXTRA_LENGTH);
    }
  }

  /** Goes to a part, or to the next that this member has. */
  private void enter(Part next) {
    part =
        switch (next) {
          case EXTRA_LENGTH -> (flags & EXTRA) != 0 ? Part.EXTRA_LENGTH : afterExtra();
          case NAME -> afterExtra();
          case COMMENT -> afterName();
          case HEADER_CRC -> afterComment();
          default -> next;
        };
    read = 0;
    number = 0;
  }

  private Part afterExtra() {
    return (flags & NAME) != 0 ? Part.NAME : afterName();
  }

  private Part afterName() {
    return (flags & COMMENT) != 0 ? Part.COMMENT : afterComment();
  }

  private Part afterComment() {
    return (flags & HEADER_CRC) != 0 ? Part.HEADER_CRC : Part.DATA;
  }

  private void trailer(int octet) throws StopDecoding {
    number |= (long) octet << (8 * read++);
    if (read == 8) {
      if ((number & 0xFFFF_FFFFL) != crc.getValue() || (int) (number >>> 32) != inflated) {
        throw StopDecoding.damaged("the checksum of gzip is another");
      }
      enter(Part.BETWEEN);
    }
  }

  private void between(int octet) throws StopDecoding {
    if (read == 0 && octet == 0) {
      return;
    }
    if (read == 0 && octet == MAGIC_1) {
      read = 1;
    } else if (read == 1 && octet == MAGIC_2) {
      inflation.reset();
      crc.reset();
      inflated = 0;
      enter(Part.HEADER);
      read = 2;
    } else {
      skipTrailing(read + 1);
      enter(Part.AFTER);
    }
  }

  @Override
  boolean end() {
    if (part == Part.BETWEEN) {
      skipTrailing(read);
    }
    return part == Part.BETWEEN || part == Part.AFTER;
  }

  @Override
  long memory() {
    return STATE;
  }

  @Override
  public void close() {
    inflation.close();
  }
}
