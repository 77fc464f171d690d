package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Timings;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Finds the addresses of names, as the operating system does. Look-ups block, so they run on
 * threads of their own, which are bounded in number; whoever asks waits for a bounded time.
 */
final class Resolver {
  private final Executor lookups;
  private final Names names;
  private final Set<Integer> ownPorts;

  /** Where names are looked up. */
  @FunctionalInterface
  interface Names {
    /** The addresses of a name, best first; may block for long. */
    InetAddress[] lookUp(String host) throws UnknownHostException;
  }

  /**
   * Makes a resolver.
   *
   * @param lookups runs look-ups; may reject them
   * @param ownPorts the proxy's own ports
   */
  Resolver(Executor lookups, Names names, Set<Integer> ownPorts) {
    this.lookups = lookups;
    this.names = names;
    this.ownPorts = Set.copyOf(ownPorts);
  }

  /**
   * What a name stands for.
   *
   * @param addresses at least one
   * @param self whether the proxy itself listens there
   * @param nanos what the look-up took, or {@link Timings#NOT_APPLICABLE} without one
   */
  record Found(List<InetAddress> addresses, boolean self, long nanos) {}

  /** Whether a target is this proxy, as far as can be said without looking a name up. */
  boolean isSelf(String host, int port) {
    return ownPorts.contains(port) && isSelf(withoutLookup(host), port);
  }

  /** Whether a host is surely the loopback, without a look-up. */
  static boolean isLoopback(String host) {
    List<InetAddress> known = withoutLookup(host);
    return !known.isEmpty() && known.stream().allMatch(InetAddress::isLoopbackAddress);
  }

  /**
   * Finds the addresses of a host. Fails with a {@link DialFailure} whose text is only the reason.
   */
  Future<Found> find(EventLoop loop, String host, int port, Duration limit) {
    Promise<Found> promise = loop.newPromise();
    List<InetAddress> known = withoutLookup(host);
    if (!known.isEmpty()) {
      return promise.setSuccess(new Found(known, isSelf(known, port), Timings.NOT_APPLICABLE));
    }
    long start = System.nanoTime();
    try {
      lookups.execute(() -> {
        List<InetAddress> found = lookUp(host);
        boolean self = isSelf(found, port);
        EventLoops.run(
            loop,
            () -> {
              if (found.isEmpty()) {
                promise.tryFailure(failure("no address for the name"));
              } else {
                promise.trySuccess(new Found(found, self, System.nanoTime() - start));
              }
            });
      });
    } catch (RejectedExecutionException tooMany) {
      return promise.setFailure(failure("too many names are being looked up"));
    }
    var timer =
        loop.schedule(
            () -> promise.tryFailure(noAnswer(limit)), limit.toNanos(), TimeUnit.NANOSECONDS);
    promise.addListener(done -> timer.cancel(false));
    return promise;
  }

  /** The failure of a look-up that takes too long. */
  static DialFailure noAnswer(Duration limit) {
    return failure("no answer about the name within " + Text.time(limit));
  }

  private static DialFailure failure(String why) {
    return new DialFailure(FailureKind.DNS, why);
  }

  private boolean isSelf(List<InetAddress> addresses, int port) {
    return ownPorts.contains(port) && addresses.stream().anyMatch(Resolver::isOfThisMachine);
  }

  private List<InetAddress> lookUp(String host) {
    try {
      return List.of(names.lookUp(host));
    } catch (UnknownHostException unknown) {
      return List.of();
    }
  }

  /** The addresses of what needs no look-up; empty if it needs one. */
  private static List<InetAddress> withoutLookup(String host) {
    String name = Authority.canonicalHost(host);
    try {
      if (name.equals("localhost") || name.endsWith(".localhost")) {
        // RFC 6761 section 6.3: always the loopback; both of them, whatever the hosts file has.
        return List.of(
            InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1}),
            InetAddress.getByAddress(
                host, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
      }
      byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
      return literal == null ? List.of() : List.of(InetAddress.getByAddress(literal));
    } catch (UnknownHostException badLength) {
      return List.of();
    }
  }

  private static boolean isOfThisMachine(InetAddress address) {
    if (address.isAnyLocalAddress() || address.isLoopbackAddress()) {
      return true;
    }
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException unknown) {
      return false;
    }
  }
}
