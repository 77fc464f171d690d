package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection, of a client or to an upstream: the last handler of its channel. It reads only
 * when asked, one read for each time, so that whoever listens decides how much is in memory.
 * Everything happens on the channel's event loop.
 */
final class Side extends ChannelInboundHandlerAdapter {
  /** Who listens to a side. */
  interface Events {
    /** Bytes came. Their owner is the listener. */
    void bytes(ByteBuf bytes);

    /** A read is over: the time to flush, and to ask for another. */
    void readComplete();

    /** The peer will send nothing more, but may still read. */
    void ended();

    /** The connection is closed; with the cause if it was not closed in an orderly way. */
    void gone(@Nullable Throwable cause);

    /** What waits to be written fell below the low-water mark. */
    void writable();
  }

  private Events events;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Throwable cause;
  private @Nullable Throwable writeFailure;
  private ByteBuf unread = Unpooled.EMPTY_BUFFER;

  /** The TLS that the bytes came out of, which is that with another proxy. */
  private @Nullable ChannelHandlerContext unreadAfter;

  private boolean readPending;
  private boolean inputEnded;

  Side(Events events) {
    this.events = events;
  }

  /**
   * One that nobody listens to yet. What is read all the same, as epoll(7) does when it tells of
   * the end of the input, is kept for whoever reads first.
   */
  Side() {
    this.events = new Kept();
  }

  /** Puts this at the end of the pipeline of a new channel, and sets the channel's options. */
  void prepare(Channel channel, ProxyLimits limits) {
    ChannelConfig config = channel.config();
    config.setAllocator(PooledByteBufAllocator.DEFAULT);
    config.setAutoRead(false);
    config.setWriteBufferWaterMark(new WriteBufferWaterMark(limits.lowWater(), limits.highWater()));
    config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    config.setOption(ChannelOption.TCP_NODELAY, true);
    config.setOption(ChannelOption.SO_KEEPALIVE, true);
    channel.pipeline().addLast(this);
  }

  /** Changes the listener, for everything that happens from now on. */
  void listen(Events other) {
    events = other;
  }

  /** Puts a codec before this: bytes go through it, and no longer come here. */
  void insert(ChannelHandler codec) {
    channel().pipeline().addBefore(context().name(), null, codec);
  }

  Channel channel() {
    return context().channel();
  }

  /** Asks for one read. */
  void read() {
    if (unread.isReadable()) {
      ByteBuf first = unread;
      unread = Unpooled.EMPTY_BUFFER;
      if (unreadAfter == null) {
        channel().pipeline().fireChannelRead(first).fireChannelReadComplete();
      } else {
        unreadAfter.fireChannelRead(first).fireChannelReadComplete();
      }
      if (inputEnded) {
        events.ended();
      }
    } else if (!readPending && !inputEnded) {
      readPending = true;
      context().read();
    }
  }

  /**
   * Takes bytes that were read too far, for whoever reads next; a TLS handler that is added until
   * then gets them first.
   */
  void unread(ByteBuf bytes) {
    unread.release();
    unread = bytes;
    unreadAfter = channel().pipeline().context(SslHandler.class);
  }

  /** Whether the peer has ended its output. */
  boolean inputEnded() {
    return inputEnded && !unread.isReadable();
  }

  /**
   * Why something could not be written, if that was so. The peer's reset is told once: after a
   * failed write the input ends as if in order, though part of it may be lost.
   */
  @Nullable Throwable writeFailure() {
    return writeFailure;
  }

  boolean isTls() {
    return tls() != null;
  }

  boolean isWritable() {
    return channel().isWritable();
  }

  /** Writes without flushing; takes the bytes over. */
  void write(ByteBuf bytes) {
    context()
        .write(bytes)
        .addListener(written -> {
          if (!written.isSuccess() && writeFailure == null) {
            writeFailure = written.cause();
          }
        });
  }

  void flush() {
    context().flush();
  }

  /** Flushes, and tells whether everything written before was taken by the operating system. */
  void flush(Consumer<Boolean> done) {
    context()
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(written -> done.accept(written.isSuccess()));
  }

  /** Ends our output after what is written; the peer may still send. */
  void endOutput() {
    flush(flushed -> {
      SslHandler tls = tls();
      if (tls != null) {
        var _ = tls.closeOutbound();
      } else if (channel() instanceof DuplexChannel duplex) {
        var _ = duplex.shutdownOutput();
      }
    });
  }

  /** Closes after what is written. */
  void close() {
    flush(flushed -> {
      var _ = context().close();
    });
  }

  /**
   * Closes at once with a reset: what is unwritten is lost, and the peer notices that the end is
   * not the end of a message. TLS is not asked for its farewell, which a peer that does not read
   * delays.
   */
  void cut() {
    if (channel().isOpen()) {
      channel().config().setOption(ChannelOption.SO_LINGER, 0);
      drop();
    }
  }

  /**
   * Closes at once without a reset: what is unwritten here is lost, what the operating system has
   * taken still goes out, at whatever pace the peer reads it.
   */
  void drop() {
    ChannelHandlerContext tls = channel().pipeline().context(SslHandler.class);
    if (tls == null) {
      var _ = context().close();
    } else {
      var _ = tls.close();
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof ByteBuf bytes) {
      events.bytes(bytes);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    readPending = false;
    events.readComplete();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    boolean ended =
        event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent;
    if (!ended || inputEnded) {
      return;
    }
    inputEnded = true;
    SslHandler tls = tls();
    if (tls != null && !tls.handshakeFuture().isDone()) {
      // A handshake is not failed by the end of input, only by that of the connection.
      var _ = ctx.close();
      return;
    }
    events.ended();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ctx.channel().isWritable()) {
      events.writable();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    inputEnded = true;
    unread.release();
    unread = Unpooled.EMPTY_BUFFER;
    events.gone(cause);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable problem) {
    cause = problem;
    cut();
  }

  /** The innermost: through another proxy, TLS may be within TLS. */
  private @Nullable SslHandler tls() {
    SslHandler last = null;
    for (ChannelHandler handler : channel().pipeline().toMap().values()) {
      last = handler instanceof SslHandler tls ? tls : last;
    }
    return last;
  }

  private ChannelHandlerContext context() {
    if (context == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return context;
  }

  private final class Kept implements Events {
    @Override
    public void bytes(ByteBuf bytes) {
      unread = Buffers.append(channel().alloc(), unread, bytes);
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
}
