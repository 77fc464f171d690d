package dev.earshot.proxy.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Answers upstreams that ask for a certificate: with the one there is, whatever issuers they name,
 * as curl does; it is for them to refuse it. Remembers who asked, because in TLS 1.3 a client
 * learns only later, and not always by an alert, that it should have had one. Thread-safe.
 */
final class ClientKeys extends X509ExtendedKeyManager {
  private static final String ALIAS = "client";
  private static final int MOST_REMEMBERED = 256;

  private final Optional<ClientIdentity> identity;

  /** The upstreams that asked, as {@code host:port}; guarded by itself. */
  private final Set<String> asked = new LinkedHashSet<>();

  ClientKeys(Optional<ClientIdentity> identity) {
    this.identity = identity;
  }

  /** Whether an upstream has asked; of those that have, the last 256 are remembered. */
  boolean wasAsked(String host, int port) {
    synchronized (asked) {
      return asked.contains(host + ":" + port);
    }
  }

  private void remember(SSLEngine engine) {
    synchronized (asked) {
      asked.add(engine.getPeerHost() + ":" + engine.getPeerPort());
      if (asked.size() > MOST_REMEMBERED) {
        asked.remove(asked.iterator().next());
      }
    }
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String @Nullable [] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    if (engine != null) {
      remember(engine);
    }
    return identity.isPresent() ? ALIAS : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
    return identity.map(known -> known.chain().toArray(X509Certificate[]::new)).orElse(null);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
    return identity.map(ClientIdentity::key).orElse(null);
  }

  @Override
  public String @Nullable [] getClientAliases(
      @Nullable String keyType, Principal @Nullable [] issuers) {
    return identity.isPresent() ? new String[] {ALIAS} : null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String @Nullable [] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return identity.isPresent() ? ALIAS : null;
  }

  @Override
  public String @Nullable [] getServerAliases(
      @Nullable String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      @Nullable String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
