package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** Joins the few bytes that heads come in. */
final class Buffers {
  private Buffers() {}

  /** One buffer with the bytes of both, in order; takes both over. */
  static ByteBuf append(ByteBufAllocator alloc, ByteBuf first, ByteBuf second) {
    if (!first.isReadable()) {
      first.release();
      return second;
    }
    if (!second.isReadable()) {
      second.release();
      return first;
    }
    ByteBuf both = alloc.buffer(first.readableBytes() + second.readableBytes());
    both.writeBytes(first).writeBytes(second);
    first.release();
    second.release();
    return both;
  }
}
