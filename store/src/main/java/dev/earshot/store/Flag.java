package dev.earshot.store;

/** The bits of the column {@code flags}. */
enum Flag {
  TUNNEL(1),
  WEBSOCKET(2),
  SSE(4),
  GRPC(8),
  REPLAYED(16),
  MARKED(32),
  TRUNCATED(64),
  UNOWNED(128);

  private final int bit;

  Flag(int bit) {
    this.bit = bit;
  }

  int bit() {
    return bit;
  }

  boolean in(int flags) {
    return (flags & bit) != 0;
  }
}
