/** Certificates and TLS of the proxy: the user's own authority, and both sides' handshakes. */
@NullMarked
package dev.earshot.proxy.tls;

import org.jspecify.annotations.NullMarked;
