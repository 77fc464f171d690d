package dev.earshot.proxy;

import java.util.List;
import java.util.Optional;

/**
 * What two requests must have in common to use one upstream connection.
 *
 * @param target where the requests go
 * @param tlsName the name in the TLS handshake, and that the certificate was verified for
 * @param way how the target is reached
 * @param tunnelled whether a proxy on the way that could forward requests is asked for a tunnel
 * @param offer which versions of HTTP the upstream may choose from
 */
record UpstreamKey(
    Target target, String tlsName, UpstreamProxies.Way way, boolean tunnelled, Offer offer) {
  /** What an upstream is offered: what the client can speak, so that it need not be translated. */
  enum Offer {
    HTTP_1,
    HTTP_2,
    /** HTTP/2 without asking (RFC 9113 section 3.3). */
    PRIOR_KNOWLEDGE;

    /** The names of the protocols in a TLS handshake (RFC 7301), preferred first. */
    List<String> alpn() {
      return switch (this) {
        case HTTP_1 -> List.of("http/1.1");
        case HTTP_2 -> List.of("h2", "http/1.1");
        case PRIOR_KNOWLEDGE -> List.of("h2");
      };
    }
  }

  /** The same with another offer. */
  UpstreamKey offering(Offer other) {
    return new UpstreamKey(target, tlsName, way, tunnelled, other);
  }

  /** Whether requests are written in absolute-form, to a proxy that forwards them. */
  boolean absoluteForm() {
    return way instanceof UpstreamProxies.Way.Through(UpstreamProxy.Http _) && !tunnelled;
  }

  /** What each request has to tell a proxy that forwards it about who asks. */
  Optional<String> proxyAuthorization() {
    return absoluteForm() && way instanceof UpstreamProxies.Way.Through(var proxy)
        ? proxy.credentials().map(UpstreamProxy.Credentials::basic)
        : Optional.empty();
  }
}
