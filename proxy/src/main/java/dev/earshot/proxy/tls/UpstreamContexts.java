package dev.earshot.proxy.tls;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** The contexts for upstreams that are verified, and shown a certificate, the same way. */
final class UpstreamContexts implements AutoCloseable {
  private final Optional<ClientIdentity> identity;
  private final ClientKeys keys;
  private final SslContexts contexts;

  /**
   * Makes none yet.
   *
   * @param keyLog gets the secrets of all connections
   * @param trust sets whom to trust
   */
  UpstreamContexts(
      Optional<ClientIdentity> identity,
      Optional<KeyLog> keyLog,
      Supplier<SslProvider> provider,
      UnaryOperator<SslContextBuilder> trust) {
    this.identity = identity;
    this.keys = new ClientKeys(identity);
    this.contexts =
        new SslContexts(
            provider, () -> trust.apply(SslContextBuilder.forClient().keyManager(keys)), keyLog);
  }

  SslContext of(List<String> protocols) {
    return contexts.of(protocols);
  }

  /** Whether an upstream has asked for a certificate in a handshake of these contexts. */
  CertificateRequest request(String host, int port) {
    if (!keys.wasAsked(host, port)) {
      return CertificateRequest.NONE;
    }
    return identity.isPresent() ? CertificateRequest.ANSWERED : CertificateRequest.UNANSWERED;
  }

  @Override
  public void close() {
    contexts.close();
  }
}
