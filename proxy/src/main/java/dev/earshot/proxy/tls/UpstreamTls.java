package dev.earshot.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * Client side: verifies upstreams, chain and host name or address, against the anchors. TLS 1.2 and
 * 1.3. Thread-safe.
 */
public final class UpstreamTls implements AutoCloseable {
  private final BiPredicate<String, Integer> insecure;
  private final Identities identities;
  private final Optional<KeyLog> keys;
  private final Supplier<SslProvider> provider;
  private final Supplier<? extends Collection<X509Certificate>> anchors;
  private final UpstreamContexts verifying;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as is {@code closed}; bounded by the identities that are configured. */
  private final Map<Kind, UpstreamContexts> others = new HashMap<>();

  private boolean closed;

  /** Which upstreams are shown which certificate, if they ask for one. */
  @FunctionalInterface
  public interface Identities {
    /** Of a host, in lower case without a trailing dot or brackets, and a port; of few in all. */
    Optional<ClientIdentity> of(String host, int port);
  }

  private record Kind(boolean verifies, Optional<ClientIdentity> identity) {}

  /**
   * Asks for nothing yet, and has no certificate to show.
   *
   * @param anchors whom to trust; asked for when the first verified upstream is dialled, on that
   *     thread, a few times at most. Empty trusts nobody.
   * @param insecureHosts whose certificate is not looked at; gets a host in lower case without a
   *     trailing dot or brackets
   */
  public UpstreamTls(
      Supplier<? extends Collection<X509Certificate>> anchors, Predicate<String> insecureHosts) {
    this(
        anchors,
        (host, _) -> insecureHosts.test(host),
        (host, port) -> Optional.empty(),
        Optional.empty());
  }

  /**
   * The same for hosts with ports, with certificates to show, and with a file for the secrets of
   * all connections.
   *
   * @param insecure whose certificate is not looked at; the host as above, and the port
   * @param keys present only if that is supported
   */
  public UpstreamTls(
      Supplier<? extends Collection<X509Certificate>> anchors,
      BiPredicate<String, Integer> insecure,
      Identities identities,
      Optional<KeyLog> keys) {
    this(anchors, insecure, identities, keys, SslContexts::bestProvider);
  }

  UpstreamTls(
      Supplier<? extends Collection<X509Certificate>> anchors,
      BiPredicate<String, Integer> insecure,
      Identities identities,
      Optional<KeyLog> keys,
      Supplier<SslProvider> provider) {
    this.insecure = insecure;
    this.identities = identities;
    this.keys = keys;
    this.provider = provider;
    this.anchors = anchors;
    this.verifying = make(new Kind(true, Optional.empty()));
  }

  private UpstreamContexts make(Kind kind) {
    return new UpstreamContexts(
        kind.identity(),
        keys,
        provider,
        builder ->
            kind.verifies()
                ? builder
                    .endpointIdentificationAlgorithm("HTTPS")
                    .trustManager(new UpstreamTrust(anchors.get()))
                : builder
                    .endpointIdentificationAlgorithm(null)
                    .trustManager(InsecureTrustManagerFactory.INSTANCE));
  }

  private UpstreamContexts contexts(String host, int port) {
    var kind = new Kind(!insecure.test(host, port), identities.of(host, port));
    if (kind.verifies() && kind.identity().isEmpty()) {
      return verifying;
    }
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("closed");
      }
      return others.computeIfAbsent(kind, this::make);
    } finally {
      lock.unlock();
    }
  }

  /**
   * A handler for one connection to the host. Must be added to a pipeline, which releases it in the
   * end; its handshake future fails with what {@link #explain} explains.
   *
   * @param host the name to verify and to send as SNI (RFC 6066 section 3), or an IP address, in
   *     brackets or not; internationalised names as A-labels. A name with an underscore cannot be
   *     verified, only be insecure: Java takes it for no host name.
   * @param alpn the protocols to offer, preferred first; there may be at most 8 different lists in
   *     the life of this object
   */
  public SslHandler newHandler(ByteBufAllocator alloc, String host, int port, List<String> alpn) {
    Optional<ServerName> name = ServerName.parse(host);
    String plain = name.map(ServerName::text).orElse(host);
    SslHandler handler = contexts(plain, port).of(alpn).newHandler(alloc, plain, port);
    if (name.isPresent() && name.get() instanceof ServerName.Dns(var text)) {
      sendName(handler.engine(), text);
    }
    return handler;
  }

  /** Whether an upstream has asked for a certificate in a handshake, at its end or before. */
  public CertificateRequest request(String host, int port) {
    String plain = ServerName.parse(host).map(ServerName::text).orElse(host);
    return contexts(plain, port).request(plain, port);
  }

  /**
   * Engines send a name with a dot by themselves, and names without one exist: in a container
   * network. Java's class for a name takes no underscore, so such a name is not sent.
   */
  private static void sendName(SSLEngine engine, String name) {
    if (name.contains(".") || name.contains("_")) {
      return;
    }
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(name)));
    engine.setSSLParameters(parameters);
  }

  /**
   * Does now what the first handler for the protocols would otherwise wait for: asks for the
   * anchors and sets up TLS. Worth a thread in the background; nothing else needs it.
   */
  public void prepare(List<String> alpn) {
    verifying.of(alpn);
  }

  /**
   * One line for people: which check failed and what to try. Nothing in it can act on a terminal,
   * whatever the peer's certificate says.
   *
   * @param failure of the handshake future, or what caused it
   * @param host as the user knows it
   */
  public static String explain(Throwable failure, String host) {
    return TlsFailure.explain(failure, host, CertificateRequest.NONE);
  }

  /** The same where it is known what the upstream asked for. */
  public static String explain(Throwable failure, String host, CertificateRequest request) {
    return TlsFailure.explain(failure, host, request);
  }

  /** The same of a handshake with another proxy, which is on the way to upstreams. */
  public static String explainProxy(Throwable failure, String host) {
    return TlsFailure.explainProxy(failure, host);
  }

  /**
   * Whether a peer failed the handshake because it speaks none of the protocols that were offered
   * (RFC 7301 section 3.2).
   */
  public static boolean isOtherProtocol(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (message.contains("no_application_protocol")) {
        return true;
      }
    }
    return false;
  }

  /** Frees what is native. New handlers are refused; those in use live on. Idempotent. */
  @Override
  public void close() {
    verifying.close();
    List<UpstreamContexts> all;
    lock.lock();
    try {
      closed = true;
      all = List.copyOf(others.values());
    } finally {
      lock.unlock();
    }
    all.forEach(UpstreamContexts::close);
  }
}
