package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Connects to whichever of some addresses answers first: each is tried a little after the one
 * before, or at once when that failed (RFC 8305 section 5). On one event loop. It has no time-out:
 * whoever started it cancels it.
 */
final class AddressRace {
  private static final long BETWEEN_MILLIS = 250;

  private final EventLoop loop;
  private final List<InetAddress> addresses;
  private final int port;
  private final Supplier<Channel> channels;
  private final Promise<Side> promise;
  private final List<Channel> running = new ArrayList<>();
  private int next;
  private @Nullable ScheduledFuture<?> following;
  private @Nullable DialFailure firstFailure;

  private AddressRace(
      EventLoop loop, List<InetAddress> addresses, int port, Supplier<Channel> channels) {
    this.loop = loop;
    this.addresses = addresses;
    this.port = port;
    this.channels = channels;
    this.promise = loop.newPromise();
  }

  /**
   * Starts a race. What wins has a {@link Side} that listens to nothing yet; what loses is closed,
   * as are all if the future is cancelled. Fails with a {@link DialFailure} whose text is only the
   * reason: that of the first failure, once all have failed.
   *
   * @param channels makes channels of this event loop with a side, not connected yet
   */
  static Future<Side> run(
      EventLoop loop, List<InetAddress> addresses, int port, Supplier<Channel> channels) {
    var race = new AddressRace(loop, addresses, port, channels);
    race.promise.addListener(done -> race.ended());
    race.tryNext();
    return race.promise;
  }

  /** The address of an open channel, as a URL has it. */
  static String place(InetSocketAddress address) {
    return Authority.inUrl(address.getAddress().getHostAddress()) + ":" + address.getPort();
  }

  private void tryNext() {
    if (following != null) {
      following.cancel(false);
    }
    if (promise.isDone() || next == addresses.size()) {
      return;
    }
    var address = new InetSocketAddress(addresses.get(next++), port);
    if (next < addresses.size()) {
      following = loop.schedule(this::tryNext, BETWEEN_MILLIS, TimeUnit.MILLISECONDS);
    }
    Channel channel;
    try {
      channel = channels.get();
    } catch (ChannelException e) {
      failed(address, e);
      return;
    }
    running.add(channel);
    channel
        .connect(address)
        .addListener((ChannelFuture connected) -> {
          running.remove(channel);
          Side side = channel.pipeline().get(Side.class);
          if (!connected.isSuccess()) {
            var _ = channel.close();
            failed(address, connected.cause());
          } else if (!promise.trySuccess(side)) {
            side.cut();
          }
        });
  }

  /** The first failure is the one to tell, once no other address can answer any more. */
  private void failed(InetSocketAddress address, Throwable cause) {
    if (firstFailure == null) {
      firstFailure =
          new DialFailure(
              FailureKind.CONNECT, reason(cause) + " (" + place(address) + ")", why(cause));
    }
    if (running.isEmpty() && next == addresses.size()) {
      promise.tryFailure(firstFailure);
    } else {
      tryNext();
    }
  }

  private void ended() {
    if (following != null) {
      following.cancel(false);
    }
    for (Channel loser : List.copyOf(running)) {
      var _ = loser.close();
    }
  }

  /** What the operating system said, without the wrapping. */
  private static String reason(Throwable cause) {
    return switch (why(cause)) {
      case REFUSED -> "connection refused";
      case NO_ROUTE -> "no route to the host";
      case NETWORK_UNREACHABLE -> "network unreachable";
      case LOOP, OTHER_PROTOCOL, OTHER -> String.valueOf(cause.getMessage());
    };
  }

  private static DialFailure.Why why(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    if (message.contains("refused")) {
      return DialFailure.Why.REFUSED;
    }
    if (cause instanceof NoRouteToHostException || message.contains("route to host")) {
      return DialFailure.Why.NO_ROUTE;
    }
    return message.contains("nreachable")
        ? DialFailure.Why.NETWORK_UNREACHABLE
        : DialFailure.Why.OTHER;
  }
}
