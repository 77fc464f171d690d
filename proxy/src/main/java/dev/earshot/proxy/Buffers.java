package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** Joins the few bytes that heads come in. */
final class Buffers {
  private Buffers() {}

  /**
   * Copies to the end of what was collected before, which grows as a list does; takes both over.
   *
   * @param collected what this returned before, or an empty buffer
   */
  static ByteBuf collect(ByteBufAllocator alloc, ByteBuf collected, ByteBuf more) {
    ByteBuf all = collected.isReadable() ? collected : alloc.buffer(more.readableBytes());
    all.writeBytes(more);
    more.release();
    return all;
  }

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
