package dev.earshot.proxy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * Another HTTP proxy.
 *
 * @param host its name or address, an IPv6 address without brackets
 * @param port its port
 * @param credentials {@code user:password}, as Basic authentication sends it (RFC 7617)
 */
public record HttpProxy(String host, int port, Optional<String> credentials) {
  /** The value of the Proxy-Authorization header, if there are credentials. */
  Optional<String> authorization() {
    return credentials.map(
        c -> "Basic " + Base64.getEncoder().encodeToString(c.getBytes(StandardCharsets.UTF_8)));
  }

  /** Without the credentials, which belong in no message. */
  @Override
  public String toString() {
    return Authority.inUrl(host) + ":" + port;
  }
}
