package dev.earshot.session;

import dev.earshot.exchange.ClientProcess;
import java.util.OptionalLong;

/** Whether the process behind a connection may use the proxy. */
public sealed interface SocketOwner {
  /** A process of our user, of the session or not; or one that this system does not tell of. */
  record Allowed(ClientProcess client) implements SocketOwner {}

  /**
   * A process of another user, or one that cannot be shown to be ours.
   *
   * @param uid the user; empty if the process closed the connection before it was looked at
   */
  record OtherUser(OptionalLong uid) implements SocketOwner {}
}
