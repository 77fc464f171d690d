package dev.earshot.proxy;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** The URL of another proxy, as variables and options have it. Pure. */
final class UpstreamProxyUrl {
  private static final String SCHEMES =
      "http://, https://, socks5://, socks5h://, socks4:// or socks4a://";
  private static final int SOCKS_PORT = 1080;

  /** RFC 1929 section 2: each has one byte for its length. */
  private static final int LONGEST_FOR_SOCKS = 255;

  private UpstreamProxyUrl() {}

  /** What was read. */
  sealed interface Read {
    /** A proxy. */
    record Proxy(UpstreamProxy proxy) implements Read {}

    /** Not one; {@code why} is one line of text without credentials. */
    record Wrong(String why) implements Read {}
  }

  /** Reads a URL; one without a scheme is that of an HTTP proxy. Never throws on input. */
  static Read read(String url) {
    int schemeEnd = url.indexOf("://");
    String scheme = schemeEnd < 0 ? "http" : url.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
    int port =
        switch (scheme) {
          case "http" -> 80;
          case "https" -> 443;
          case "socks5", "socks5h", "socks4", "socks4a" -> SOCKS_PORT;
          default -> -1;
        };
    if (port < 0) {
      return new Read.Wrong(
          "cannot use an upstream proxy of scheme \"%s\": use %s"
              .formatted(Text.printable(scheme), SCHEMES));
    }
    String rest = schemeEnd < 0 ? url : url.substring(schemeEnd + 3);
    // All before the last @ is secret, even where it should have been percent-encoded.
    int at = rest.lastIndexOf('@');
    Optional<UpstreamProxy.Credentials> credentials =
        at < 0
            ? Optional.empty()
            : Optional.of(credentials(rest.substring(0, at)))
                .filter(Predicate.not(UpstreamProxyUrl::isNothing));
    String hostPort = rest.substring(at + 1).split("[/?#]", 2)[0];
    return switch (Authority.parse(hostPort, port)) {
      case Authority.Parsed(var host, var itsPort) when host.indexOf('*') < 0 ->
          proxy(scheme, host, itsPort, credentials);
      case Authority.Parsed _ -> new Read.Wrong("cannot use the upstream proxy: bad host name");
      case Authority.Wrong(var why) -> new Read.Wrong("cannot use the upstream proxy: " + why);
    };
  }

  private static Read proxy(
      String scheme, String host, int port, Optional<UpstreamProxy.Credentials> credentials) {
    if (scheme.startsWith("socks") && credentials.filter(UpstreamProxyUrl::isLong).isPresent()) {
      return new Read.Wrong(
          "cannot use the upstream proxy %s:%d: its user name or password is longer than %d bytes,"
                  .formatted(Authority.inUrl(host), port, LONGEST_FOR_SOCKS)
              + " or has a zero byte, which SOCKS cannot carry");
    }
    return new Read.Proxy(
        switch (scheme) {
          case "http", "https" ->
              new UpstreamProxy.Http(host, port, scheme.equals("https"), credentials);
          case "socks5", "socks5h" ->
              new UpstreamProxy.Socks5(host, port, scheme.equals("socks5h"), credentials);
          default -> new UpstreamProxy.Socks4(host, port, scheme.equals("socks4a"), credentials);
        });
  }

  private static UpstreamProxy.Credentials credentials(String userInfo) {
    int colon = userInfo.indexOf(':');
    return colon < 0
        ? new UpstreamProxy.Credentials(percentDecoded(userInfo), "")
        : new UpstreamProxy.Credentials(
            percentDecoded(userInfo.substring(0, colon)),
            percentDecoded(userInfo.substring(colon + 1)));
  }

  private static boolean isNothing(UpstreamProxy.Credentials credentials) {
    return credentials.user().isEmpty() && credentials.password().isEmpty();
  }

  private static boolean isLong(UpstreamProxy.Credentials credentials) {
    return credentials.userBytes().length() > LONGEST_FOR_SOCKS
        || credentials.passwordBytes().length() > LONGEST_FOR_SOCKS
        || credentials.user().indexOf('\0') >= 0;
  }

  private static String percentDecoded(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notEncoded) {
      return text;
    }
  }
}
