package dev.earshot.proxy;

/**
 * What a client's connection is until it is known what will be spoken on it, and with whom. On the
 * connection's event loop.
 */
interface Opening {
  /** Begins; whoever asked for it reads nothing more of the client. */
  void start();

  /** The client is gone, or will never use what is being made for it. */
  void cancel();

  /** Whether the client has to speak next, so that the idle time-out is its own. */
  boolean isWaiting();

  /** Whether nothing would be lost if the connection were closed now. */
  boolean isIdle();
}
