package dev.earshot.exchange;

import java.util.Locale;

/** Which way something went through the proxy. */
public enum Direction {
  /** From the client to the upstream. */
  UP,
  /** From the upstream to the client. */
  DOWN;

  /** The name in the event stream: lower case. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
