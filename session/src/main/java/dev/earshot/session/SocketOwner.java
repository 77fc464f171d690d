package dev.earshot.session;

import dev.earshot.exchange.ClientProcess;

/** Whether the process behind a connection may use the proxy. */
public sealed interface SocketOwner {
  /** A process of our user, of the session or not; or one that this system does not tell of. */
  record Allowed(ClientProcess client) implements SocketOwner {}

  /** A process of another user. */
  record OtherUser(long uid) implements SocketOwner {}

  /** Nobody has the connection open any more: whose it was cannot be known. */
  record Gone() implements SocketOwner {}
}
