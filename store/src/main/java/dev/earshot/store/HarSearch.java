package dev.earshot.store;

import java.nio.ByteBuffer;

/**
 * Looks for secrets in text of any length, which is too long to have them masked: piece by piece,
 * each beginning with the end of the one before, so that what tells a secret is whole in one.
 */
final class HarSearch implements HarChars.Sink {
  /** Longer than any name, scheme or shape, and the white space around it. */
  private static final int OVERLAP = 8 * 1024;

  private final HarMask mask;
  private final StringBuilder piece = new StringBuilder();
  private boolean found;
  private boolean ended;

  HarSearch(HarMask mask) {
    this.mask = mask;
  }

  @Override
  public void accept(char[] chars, int length) {
    for (int at = 0; at < length && !found; at++) {
      add(chars[at]);
    }
  }

  /** Bytes as text, whatever they are; that of two bytes a character, too. */
  void bytes(ByteBuffer bytes) {
    while (bytes.hasRemaining() && !found) {
      byte next = bytes.get();
      if (next != 0) {
        add((char) (next & 0xFF));
      }
    }
    bytes.position(bytes.limit());
  }

  private void add(char next) {
    piece.append(next);
    if (piece.length() == HarMask.LONGEST) {
      look();
      piece.delete(0, piece.length() - OVERLAP);
    }
  }

  private void look() {
    found |= mask.findsIn(piece.toString());
  }

  /** Whether there was one; nothing may come after this was asked. */
  boolean found() {
    if (!ended) {
      ended = true;
      look();
    }
    return found;
  }
}
