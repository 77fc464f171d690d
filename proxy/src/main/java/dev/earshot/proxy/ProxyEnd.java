package dev.earshot.proxy;

/**
 * How a proxy ended. {@code forcedConnections} are the client connections that were still busy when
 * the drain was over, and were cut; closing an idle one is not forcing.
 */
public sealed interface ProxyEnd {
  /** Client connections that were cut while busy. */
  int forcedConnections();

  /** It was asked to stop. */
  record Closed(int forcedConnections) implements ProxyEnd {}

  /** The listener died without being asked to. The error is one line of text. */
  record Failed(String error, int forcedConnections) implements ProxyEnd {}
}
