package dev.earshot.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLException;

/** Server side: what a client of the run meets. Thread-safe. */
public final class InterceptTls implements AutoCloseable {
  private final SslContext context;

  /** Issues from the CA. */
  public InterceptTls(CertificateAuthority ca, InstantSource clock) {
    try {
      context = SslContextBuilder.forClient().trustManager(ca.certificate()).build();
    } catch (SSLException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A handler for one client connection.
   *
   * @param defaultHost used when the client sends no SNI: the CONNECT host, a name or an IP
   * @param alpn the protocols we accept, preferred first
   */
  public SslHandler newHandler(ByteBufAllocator alloc, String defaultHost, List<String> alpn) {
    return context.newHandler(alloc);
  }

  @Override
  public void close() {}
}
