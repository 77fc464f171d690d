package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Listens to a connection that is being closed: nobody wants what still comes. */
final class Dropped implements Side.Events {
  @Override
  public void bytes(ByteBuf bytes) {
    bytes.release();
  }

  @Override
  public void readComplete() {}

  @Override
  public void ended() {}

  @Override
  public void gone(@Nullable Throwable cause) {}

  @Override
  public void writable() {}
}
