package dev.earshot.proxy;

/**
 * What two requests must have in common to use one upstream connection.
 *
 * @param target where the requests go
 * @param tlsName the name in the TLS handshake, and that the certificate was verified for
 * @param way how the target is reached
 * @param tunnelled whether another proxy on the way was asked for a tunnel
 */
record UpstreamKey(Target target, String tlsName, UpstreamProxies.Way way, boolean tunnelled) {
  /** Whether requests are written in absolute-form, to a proxy that forwards them. */
  boolean absoluteForm() {
    return way instanceof UpstreamProxies.Way.Through && !tunnelled;
  }
}
