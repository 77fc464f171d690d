package io.netty.handler.ssl;

import io.netty.internal.tcnative.KeyLogCallback;
import io.netty.internal.tcnative.SSLContext;
import org.jspecify.annotations.NullMarked;

/**
 * Sets what Netty's TLS library can call and Netty does not: in this package, since only here the
 * library's own pointer to a context can be seen. The one that Netty gives to others is that of
 * BoringSSL, with which the library crashes.
 */
@NullMarked
public final class KeyLogAccess {
  private KeyLogAccess() {}

  /** Has the secrets of all connections told that the context will make; false if it cannot. */
  public static boolean follow(SslContext context, KeyLogCallback callback) {
    return context instanceof ReferenceCountedOpenSslContext counted
        && SSLContext.setKeyLogCallback(counted.ctx, callback);
  }
}
