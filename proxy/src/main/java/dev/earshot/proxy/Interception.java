package dev.earshot.proxy;

import dev.earshot.proxy.tls.InterceptTls;

/** Whether the proxy decrypts the TLS of its clients. */
public sealed interface Interception {
  /** It does, and answers with certificates of its own. */
  record On(InterceptTls tls) implements Interception {}

  /** It does not: every CONNECT becomes an opaque tunnel. */
  record Off() implements Interception {}
}
