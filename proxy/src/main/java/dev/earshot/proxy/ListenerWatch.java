package dev.earshot.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Notices that the listener is dead: it was closed, accepting fails for good, or its descriptor was
 * closed or replaced under it. The kernel tells of the last by nothing at all, so that is looked at
 * every second (only on the native transport).
 */
final class ListenerWatch extends ChannelInboundHandlerAdapter {
  private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

  /** EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP (errno(3), Linux): it is no listener any more. */
  private static final Set<Integer> FATAL = Set.of(-9, -22, -88, -95);

  private final Consumer<String> died;
  private final Consumer<String> trouble;

  /**
   * Makes a watch for the pipeline of one listener.
   *
   * @param died told why, perhaps more than once, also when the listener is closed on purpose
   * @param trouble told of what may pass, such as too many open files
   */
  ListenerWatch(Consumer<String> died, Consumer<String> trouble) {
    this.died = died;
    this.trouble = trouble;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    look(ctx.channel());
    ctx.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    died.accept("the listener was closed");
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    boolean fatal =
        cause instanceof ClosedChannelException
            || (cause instanceof NativeIoException problem
                && FATAL.contains(problem.expectedErr()));
    String text = "cannot accept connections: " + cause.getMessage();
    if (fatal) {
      died.accept(text);
    } else {
      trouble.accept(text);
    }
    // The acceptor behind us pauses for a second, which is right for what may pass.
    ctx.fireExceptionCaught(cause);
  }

  private void look(Channel channel) {
    if (!(channel instanceof UnixChannel unix) || !(unix.fd() instanceof Socket socket)) {
      return;
    }
    if (!channel.isOpen()) {
      return;
    }
    InetSocketAddress address = socket.localAddress();
    if (address == null || !address.equals(channel.localAddress())) {
      died.accept("the listener's descriptor was closed");
      return;
    }
    var _ =
        channel
            .eventLoop()
            .schedule(() -> look(channel), BETWEEN_LOOKS.toNanos(), TimeUnit.NANOSECONDS);
  }
}
