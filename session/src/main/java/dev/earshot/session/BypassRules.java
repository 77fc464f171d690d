package dev.earshot.session;

import dev.earshot.process.TcpSocket;
import dev.earshot.process.TcpState;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which connections of a tree went around Earshot, decided from one look at the sockets of a user:
 * those that a process of the tree made, to anybody but the proxy and its own tree.
 */
final class BypassRules {
  /**
   * The ports from which a system takes those of connections that name none.
   *
   * @param first the lowest
   * @param last the highest
   */
  record Ephemeral(int first, int last) {
    static final Ephemeral DEFAULT = new Ephemeral(32_768, 60_999);

    /** As {@code ip_local_port_range} tells them. */
    static Ephemeral parse(String text) {
      String[] two = text.strip().split("\\s+", 2);
      try {
        return new Ephemeral(Integer.parseInt(two[0]), Integer.parseInt(two[1]));
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException unknown) {
        return DEFAULT;
      }
    }

    boolean has(int port) {
      return port >= first && port <= last;
    }
  }

  private final List<InetSocketAddress> listeners;
  private final Ephemeral ephemeral;

  BypassRules(List<InetSocketAddress> listeners, Ephemeral ephemeral) {
    this.listeners = List.copyOf(listeners);
    this.ephemeral = ephemeral;
  }

  /**
   * The connections that were made from here, but for those to the proxy: what a listener of the
   * user accepted has its port.
   */
  List<TcpSocket> made(List<TcpSocket> all) {
    BitSet listening = ports(all, _ -> true);
    return all.stream()
        .filter(it -> it.state() != TcpState.LISTEN && it.inode() != 0)
        .filter(it -> !isProxy(it.remote()) && !isProxy(it.local()))
        .filter(it -> !listening.get(it.local().getPort()))
        .filter(it -> ephemeral.has(it.local().getPort()) || !ephemeral.has(it.remote().getPort()))
        .toList();
  }

  /** Of those, the ones that stay within the tree. */
  static final class Within {
    private final Map<List<InetSocketAddress>, Long> byEnds = new HashMap<>();
    private final Set<Long> ofTree;
    private final BitSet served;

    /**
     * Looks at all sockets.
     *
     * @param ofTree the inodes that processes of the tree have open
     * @param served the ports at which the tree was seen to listen, to which those of now are added
     */
    Within(List<TcpSocket> all, Set<Long> ofTree, BitSet served) {
      this.ofTree = ofTree;
      this.served = served;
      served.or(ports(all, each -> ofTree.contains(each.inode())));
      for (TcpSocket each : all) {
        byEnds.put(List.of(each.local(), each.remote()), each.inode());
      }
    }

    boolean has(TcpSocket one) {
      Long other = byEnds.get(List.of(one.remote(), one.local()));
      if (other != null && other != 0) {
        return ofTree.contains(other);
      }
      // Not accepted yet, or closed by the other side meanwhile.
      return served.get(one.remote().getPort()) && isHere(one);
    }

    private static boolean isHere(TcpSocket one) {
      InetAddress remote = one.remote().getAddress();
      return remote.isLoopbackAddress() || remote.equals(one.local().getAddress());
    }
  }

  private boolean isProxy(InetSocketAddress end) {
    return listeners.stream()
        .anyMatch(each ->
            end.getPort() == each.getPort()
                && (end.getAddress().isLoopbackAddress()
                    || end.getAddress().equals(each.getAddress())));
  }

  /** The ports of listeners, of those that are chosen. */
  private static BitSet ports(List<TcpSocket> all, Predicate<TcpSocket> chosen) {
    var ports = new BitSet();
    for (TcpSocket each : all) {
      if (each.state() == TcpState.LISTEN && chosen.test(each)) {
        ports.set(each.local().getPort());
      }
    }
    return ports;
  }
}
