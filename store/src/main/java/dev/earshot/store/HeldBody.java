package dev.earshot.store;

import dev.earshot.exchange.BodyGap;
import java.util.ArrayList;
import java.util.List;

/**
 * One body of an exchange that goes on: what of it has come and is not written yet, and what is to
 * become of it. The writing thread's.
 */
final class HeldBody {
  private final BodyTreatment treatment;
  private final int mostToMask;
  private List<byte[]> chunks = new ArrayList<>(2);
  private int held;
  private long taken;
  private boolean declined;
  private boolean masked;

  /** Its row, once there is one. */
  private long row;

  private int pieces;
  private long kept;

  HeldBody(BodyTreatment treatment, int mostToMask) {
    this.treatment = treatment;
    this.mostToMask = mostToMask;
    this.masked = treatment instanceof BodyTreatment.Drop;
  }

  BodyTreatment treatment() {
    return treatment;
  }

  /** Whether it must be seen whole before anything of it is written. */
  boolean mustBeWhole() {
    return treatment instanceof BodyTreatment.Mask && !masked;
  }

  /** The next bytes. Returns how many more are held now; negative if what was held was dropped. */
  int add(byte[] bytes) {
    taken += bytes.length;
    if (masked) {
      return 0;
    }
    if (mustBeWhole() && held + bytes.length > mostToMask) {
      return -mask();
    }
    chunks.add(bytes);
    held += bytes.length;
    return bytes.length;
  }

  /** Nothing of it may be kept. Returns how many bytes were held. */
  int mask() {
    masked = true;
    return drop();
  }

  /** Nothing more of it is kept. Returns how many bytes were held. */
  int giveUp() {
    declined = true;
    return mustBeWhole() ? drop() : 0;
  }

  /** As {@link #giveUp}, with what waits to be written. */
  int drop() {
    int were = held;
    chunks = new ArrayList<>(2);
    held = 0;
    return were;
  }

  int held() {
    return held;
  }

  /** All bytes that came, written or not. */
  long taken() {
    return taken;
  }

  /** What is held, to be written; it is held no more. */
  byte[] take() {
    byte[] all;
    if (chunks.size() == 1) {
      all = chunks.getFirst();
    } else {
      all = new byte[held];
      int at = 0;
      for (byte[] chunk : chunks) {
        System.arraycopy(chunk, 0, all, at, chunk.length);
        at += chunk.length;
      }
    }
    drop();
    return all;
  }

  /** All of it is in this row, or will be in pieces of it. */
  void written(long newRow, long bytes) {
    row = newRow;
    kept += bytes;
  }

  /** The number of the next piece. */
  int nextPiece() {
    return ++pieces;
  }

  /** 0 without one. */
  long row() {
    return row;
  }

  long kept() {
    return kept;
  }

  /** Why not all of these bytes are kept. */
  BodyGap gap(long bytes) {
    if (masked && bytes > 0) {
      return BodyGap.MASKED;
    }
    if (declined) {
      return BodyGap.GIVEN_UP;
    }
    return taken < bytes ? BodyGap.TRUNCATED : BodyGap.NONE;
  }
}
