package dev.earshot.proxy.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Picks the certificate by the name that the client asks for (RFC 6066 section 3), else by the peer
 * host of the engine. The alias of a key is that name. Serves engines of servers only.
 */
final class SniKeyManager extends X509ExtendedKeyManager {
  private static final String EC = "EC";

  private final LeafCertificates leaves;

  SniKeyManager(LeafCertificates leaves) {
    this.leaves = leaves;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    if (!keyType.equals(EC)) {
      return null;
    }
    return server(requested(engine), Optional.ofNullable(engine.getPeerHost()))
        .filter(leaves::permit)
        .map(ServerName::text)
        .orElse(null);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return ServerName.parse(alias).map(leaves::chain).orElse(null);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return leaves.key();
  }

  /** Whom a client is served as that asks for one name, in a tunnel to a host. */
  static Optional<ServerName> server(Optional<String> requested, Optional<String> host) {
    return requested.flatMap(ServerName::parse).or(() -> host.flatMap(ServerName::parse));
  }

  /** Whether Java hands on the name that a client asks for; one with an underscore it does not. */
  static boolean isName(String requested) {
    try {
      return !new SNIHostName(requested).getAsciiName().isEmpty();
    } catch (IllegalArgumentException notAName) {
      return false;
    }
  }

  /** Empty too for a name that is none: then the host of the tunnel is the better answer. */
  private static Optional<String> requested(SSLEngine engine) {
    if (!(engine.getHandshakeSession() instanceof ExtendedSSLSession session)) {
      return Optional.empty();
    }
    try {
      return session.getRequestedServerNames().stream()
          .filter(SNIHostName.class::isInstance)
          .map(name -> ((SNIHostName) name).getAsciiName())
          .findFirst();
    } catch (IllegalArgumentException notAName) {
      return Optional.empty();
    }
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
