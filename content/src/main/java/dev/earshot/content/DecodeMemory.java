package dev.earshot.content;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What all decoders together may hold: windows of up to 16 MiB each, which the one that coded a
 * body chooses. A decoder that finds nothing left stops, as one does that reaches a limit of its
 * own. Thread-safe.
 */
public final class DecodeMemory {
  /** 256 MiB. */
  public static final long DEFAULT_BYTES = 256L * 1024 * 1024;

  private final long most;
  private final AtomicLong held = new AtomicLong();

  /**
   * Memory to share.
   *
   * @param most in bytes, from 0
   */
  public DecodeMemory(long most) {
    if (most < 0) {
      throw new IllegalArgumentException("a limit of %d bytes".formatted(most));
    }
    this.most = most;
  }

  /** The most that is held, in bytes. */
  public long most() {
    return most;
  }

  /** What is held now, in bytes. */
  public long held() {
    return held.get();
  }

  /** Takes so many bytes, or, if there are not so many left, none. */
  boolean take(long bytes) {
    long before = held.getAndUpdate(now -> bytes <= most - now ? now + bytes : now);
    return bytes <= most - before;
  }

  void give(long bytes) {
    held.addAndGet(-bytes);
  }
}
