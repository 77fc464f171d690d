package dev.earshot.proxy;

import java.util.Locale;

/**
 * Where a request goes.
 *
 * @param scheme {@code http} or {@code https}
 * @param host a name or an address, an IPv6 address without brackets
 */
record Target(String scheme, String host, int port) {
  Target {
    scheme = scheme.toLowerCase(Locale.ROOT);
  }

  static int defaultPort(String scheme) {
    return scheme.equals("https") ? 443 : 80;
  }

  boolean isTls() {
    return scheme.equals("https");
  }

  /** The host, and the port unless it is the scheme's own. */
  String authority() {
    return port == defaultPort(scheme) ? Authority.inUrl(host) : hostAndPort();
  }

  String hostAndPort() {
    return Authority.inUrl(host) + ":" + port;
  }

  /** The URL of a path and query, or of what else an origin-form target can be. */
  String url(String originForm) {
    return scheme + "://" + authority() + (originForm.startsWith("/") ? originForm : "/");
  }
}
