package dev.earshot.session;

import dev.earshot.proxy.ReverseListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * Where a session listens, as its command sees it.
 *
 * @param proxy the proxy
 * @param reverse the listeners for one origin each
 */
record Listeners(InetSocketAddress proxy, List<ReverseListener> reverse) {
  Listeners {
    proxy = LocalAddresses.reached(proxy);
    reverse = List.copyOf(reverse);
  }

  List<InetSocketAddress> all() {
    return Stream.concat(Stream.of(proxy), reverse.stream().map(ReverseListener::address)).toList();
  }

  /** {@code EARSHOT_REVERSE_1} and so on, each an address and port. */
  SequencedMap<String, String> variables() {
    SequencedMap<String, String> variables = new LinkedHashMap<>();
    for (ReverseListener each : reverse) {
      variables.put("EARSHOT_REVERSE_" + (variables.size() + 1), text(each.address()));
    }
    return variables;
  }

  private static String text(InetSocketAddress address) {
    InetAddress host = address.getAddress();
    // There is one address of IPv6 that is the loopback, and it has a shorter name.
    return (host.getAddress().length == 4 ? host.getHostAddress() : "[::1]")
        + ":"
        + address.getPort();
  }
}
