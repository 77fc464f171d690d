package dev.earshot.proxy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;

/** The order in which the addresses of a name are tried. Pure. */
final class AddressOrder {
  /** More addresses of one name are more than its user waits for. */
  static final int MOST = 16;

  private AddressOrder() {}

  /**
   * The families by turns, beginning with that of the first address, each in the order of the
   * resolver (RFC 8305 section 4 with a First Address Family Count of one); no address twice, at
   * most {@link #MOST}.
   */
  static List<InetAddress> interleaved(List<InetAddress> found) {
    Queue<InetAddress> first = new ArrayDeque<>();
    Queue<InetAddress> other = new ArrayDeque<>();
    for (InetAddress address : new LinkedHashSet<>(found)) {
      (isIpv6(address) == isIpv6(found.getFirst()) ? first : other).add(address);
    }
    List<InetAddress> order = new ArrayList<>();
    while (order.size() < MOST && !(first.isEmpty() && other.isEmpty())) {
      Queue<InetAddress> turn =
          other.isEmpty() || (!first.isEmpty() && order.size() % 2 == 0) ? first : other;
      order.add(turn.remove());
    }
    return order;
  }

  private static boolean isIpv6(InetAddress address) {
    return address instanceof Inet6Address;
  }
}
