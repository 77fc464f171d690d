package dev.earshot.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Takes the connections that a listener accepts. When accepting fails, as without a free
 * descriptor, it pauses: trying again at once would only keep a processor busy.
 */
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final long PAUSE_SECONDS = 1;

  private final Consumer<Channel> accepted;

  /** Makes one for the end of a listener's pipeline; the channels are in no event loop yet. */
  Acceptor(Consumer<Channel> accepted) {
    this.accepted = accepted;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    accepted.accept((Channel) message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    var config = ctx.channel().config();
    if (config.isAutoRead()) {
      config.setAutoRead(false);
      var _ =
          ctx.executor().schedule(() -> config.setAutoRead(true), PAUSE_SECONDS, TimeUnit.SECONDS);
    }
  }
}
