package dev.earshot.proxy;

import dev.earshot.exchange.ClientProcess;

/** Whether a client may use the proxy. */
public sealed interface ClientAnswer {
  /** It is served. */
  record Allowed(ClientProcess process) implements ClientAnswer {}

  /** It belongs to another user, and gets 403. The detail is one line of text. */
  record OtherUser(String detail) implements ClientAnswer {}

  /** It had closed the connection before it could be found out, and nothing more is known. */
  record Gone() implements ClientAnswer {}
}
