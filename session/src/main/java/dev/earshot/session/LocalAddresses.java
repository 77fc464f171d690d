package dev.earshot.session;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;

/** The addresses of this machine, in the network that Earshot is in. */
final class LocalAddresses {
  private LocalAddresses() {}

  /** Whether it is one of them; also if that cannot be found out. */
  static boolean has(InetAddress address) {
    if (address.isLoopbackAddress() || address.isAnyLocalAddress()) {
      return true;
    }
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException unknown) {
      return true;
    }
  }

  /** Where a listener is reached from this machine: one of all addresses by the loopback. */
  static InetSocketAddress reached(InetSocketAddress listener) {
    if (!listener.getAddress().isAnyLocalAddress()) {
      return listener;
    }
    boolean four = listener.getAddress().getAddress().length == 4;
    return new InetSocketAddress(
        InetAddress.ofLiteral(four ? "127.0.0.1" : "::1"), listener.getPort());
  }
}
