package dev.earshot.proxy;

import java.net.InetSocketAddress;

/** Finds out who made a connection. Called on threads that may block, from several at a time. */
@FunctionalInterface
public interface ClientCheck {
  /**
   * Whether this client may use the proxy. An exception counts as another user's.
   *
   * @param client the client's end of the connection
   * @param listener the proxy's end
   */
  ClientAnswer check(InetSocketAddress client, InetSocketAddress listener);
}
