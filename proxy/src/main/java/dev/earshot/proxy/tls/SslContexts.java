package dev.earshot.proxy.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/**
 * One context for each list of application protocols, since a context fixes them; made at the first
 * use. Thread-safe; a first use makes others wait for it.
 */
final class SslContexts implements AutoCloseable {
  /** Sessions that may be resumed, for each context. */
  private static final long SESSIONS = 1_024;

  private static final long SESSION_SECONDS = 3_600;

  /** There are two or three lists in a program; more means that peers choose them. */
  private static final int LIMIT = 8;

  private final Supplier<SslProvider> provider;
  private final Supplier<SslContextBuilder> builders;
  private final Optional<KeyLog> keys;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as is {@code closed}. */
  private final Map<List<String>, SslContext> byProtocols = new HashMap<>();

  private boolean closed;

  /**
   * Both suppliers are asked for each context, not before.
   *
   * @param keys gets the secrets of all connections
   */
  SslContexts(
      Supplier<SslProvider> provider, Supplier<SslContextBuilder> builders, Optional<KeyLog> keys) {
    this.provider = provider;
    this.builders = builders;
    this.keys = keys;
  }

  /** BoringSSL where its library loads, else the JDK's own. The first call loads the library. */
  static SslProvider bestProvider() {
    // The counted kind is freed when we say so; the other waits for a finalizer.
    return OpenSsl.isAvailable() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK;
  }

  SslContext of(List<String> protocols) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("closed");
      }
      SslContext known = byProtocols.get(protocols);
      if (known != null) {
        return known;
      }
      if (byProtocols.size() == LIMIT) {
        throw new IllegalArgumentException("more than " + LIMIT + " different lists of protocols");
      }
      SslContext made = make(protocols);
      keys.ifPresent(log -> log.follow(made));
      byProtocols.put(List.copyOf(protocols), made);
      return made;
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of the contexts; a handler that is still in use holds its own until it is removed. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      byProtocols.values().forEach(ReferenceCountUtil::release);
      byProtocols.clear();
    } finally {
      lock.unlock();
    }
  }

  private SslContext make(List<String> protocols) {
    try {
      return builders
          .get()
          .sslProvider(provider.get())
          .protocols("TLSv1.3", "TLSv1.2")
          .sessionCacheSize(SESSIONS)
          .sessionTimeout(SESSION_SECONDS)
          .applicationProtocolConfig(alpn(protocols))
          .build();
    } catch (SSLException e) {
      throw new IllegalStateException("cannot set up TLS", e);
    }
  }

  private static ApplicationProtocolConfig alpn(List<String> protocols) {
    return protocols.isEmpty()
        ? ApplicationProtocolConfig.DISABLED
        : new ApplicationProtocolConfig(
            Protocol.ALPN,
            SelectorFailureBehavior.NO_ADVERTISE,
            SelectedListenerFailureBehavior.ACCEPT,
            protocols);
  }
}
