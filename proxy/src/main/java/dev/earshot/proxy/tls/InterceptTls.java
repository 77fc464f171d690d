package dev.earshot.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Server side: what a client of the run meets instead of the host it asked for. TLS 1.2 and 1.3
 * with an EC key, so a client that knows RSA certificates only cannot be served. Thread-safe.
 */
public final class InterceptTls implements AutoCloseable {
  private final LeafCertificates leaves;
  private final SslContexts contexts;

  /** Signs with the authority; the clock dates what is signed. */
  public InterceptTls(CertificateAuthority ca, InstantSource clock) {
    this(ca, clock, Optional.empty());
  }

  /** The same, with a file for the secrets of all connections, if that is supported. */
  public InterceptTls(CertificateAuthority ca, InstantSource clock, Optional<KeyLog> keys) {
    this(ca, clock, keys, SslContexts::bestProvider);
  }

  InterceptTls(
      CertificateAuthority ca,
      InstantSource clock,
      Optional<KeyLog> keyLog,
      Supplier<SslProvider> provider) {
    leaves = new LeafCertificates(ca, clock);
    var keys = new SniKeyManager(leaves);
    contexts = new SslContexts(provider, () -> SslContextBuilder.forServer(keys), keyLog);
  }

  /**
   * Whether the authority can sign for the server that a client would be shown. If it cannot, the
   * handshake of a handler fails, so the connection is better passed on as it is.
   *
   * @param requested the name that the client asks for (RFC 6066 section 3), if it does
   * @param defaultHost as in {@link #newHandler}
   */
  public boolean canServe(Optional<String> requested, String defaultHost) {
    return SniKeyManager.server(requested.filter(SniKeyManager::isName), Optional.of(defaultHost))
        .map(leaves::permit)
        .orElse(true);
  }

  /**
   * A handler for one client connection. It presents a certificate for the name that the client
   * asks for, signed within its handshake (about a millisecond for a new name, then cached). Must
   * be added to a pipeline, which releases it in the end.
   *
   * @param defaultHost whom to be when the client names no valid host: the CONNECT host, a name or
   *     an IP address, in brackets or not; if it is neither, the handshake fails
   * @param alpn the protocols we accept, preferred first (RFC 7301); there may be at most 8
   *     different lists in the life of this object. A client that offers none of them gets none.
   */
  public SslHandler newHandler(ByteBufAllocator alloc, String defaultHost, List<String> alpn) {
    return contexts.of(alpn).newHandler(alloc, defaultHost, -1);
  }

  /**
   * Does now what the first handler for the protocols would otherwise wait for: loads the TLS
   * library and sets it up. That may take half a second in a process that has just begun, so it is
   * worth a thread in the background; nothing else needs it.
   */
  public void prepare(List<String> alpn) {
    contexts.of(alpn);
  }

  /** Frees what is native. New handlers are refused; those in use live on. Idempotent. */
  @Override
  public void close() {
    contexts.close();
  }
}
