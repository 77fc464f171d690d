package dev.earshot.proxy.tls;

import io.netty.handler.ssl.SslProvider;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/** What does TLS upstream, with a provider of a test's choice. */
public final class UpstreamTlsOf {
  private UpstreamTlsOf() {}

  /** With the JDK's provider, or else with the best one. */
  public static UpstreamTls provider(
      boolean jdk, List<X509Certificate> anchors, UpstreamTls.Identities identities) {
    return new UpstreamTls(
        () -> anchors,
        (host, port) -> false,
        identities,
        Optional.empty(),
        () -> jdk ? SslProvider.JDK : SslContexts.bestProvider());
  }
}
