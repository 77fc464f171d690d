package dev.earshot.proxy;

import io.netty.util.NetUtil;
import java.util.Locale;

/** The {@code host[:port]} of a target or a header (RFC 3986 section 3.2), without user info. */
sealed interface Authority {
  /** A host (an IPv6 address without its brackets), as written, and a port. */
  record Parsed(String host, int port) implements Authority {}

  /** Not an authority. */
  record Wrong(String why) implements Authority {}

  int MAX_PORT = 65_535;
  int MAX_HOST = 255;

  /** Reads an authority; never throws on input. */
  static Authority parse(String text, int defaultPort) {
    if (text.startsWith("[")) {
      int close = text.indexOf(']');
      if (close < 0) {
        return new Wrong("a bracket is not closed");
      }
      String address = text.substring(1, close);
      if (!isIpv6(address)) {
        return new Wrong("not an IPv6 address between the brackets");
      }
      return withPort(address, text.substring(close + 1), defaultPort);
    }
    int colon = text.indexOf(':');
    String host = colon < 0 ? text : text.substring(0, colon);
    if (!isName(host)) {
      return new Wrong("bad host name");
    }
    return withPort(host, colon < 0 ? "" : text.substring(colon), defaultPort);
  }

  /** The name by which hosts are compared: lower case, without the dot of a fully qualified one. */
  static String canonicalHost(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.length() > 1 && lower.endsWith(".")
        ? lower.substring(0, lower.length() - 1)
        : lower;
  }

  /** As it stands in a URL: an IPv6 address in brackets. */
  static String inUrl(String host) {
    return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
  }

  private static Authority withPort(String host, String colonPort, int defaultPort) {
    if (colonPort.isEmpty() || colonPort.equals(":")) {
      return new Parsed(host, defaultPort);
    }
    if (colonPort.charAt(0) != ':' || colonPort.length() > 6) {
      return new Wrong("bad port");
    }
    int port = 0;
    for (int i = 1; i < colonPort.length(); i++) {
      char c = colonPort.charAt(i);
      if (c < '0' || c > '9') {
        return new Wrong("bad port");
      }
      port = port * 10 + (c - '0');
    }
    return port >= 1 && port <= MAX_PORT ? new Parsed(host, port) : new Wrong("bad port");
  }

  /** What resolvers and TLS take for a name, and {@code *}, which patterns have. */
  private static boolean isName(String host) {
    return !host.isEmpty()
        && host.length() <= MAX_HOST
        && host.chars()
            .allMatch(c ->
                (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '-'
                    || c == '.'
                    || c == '_'
                    || c == '*');
  }

  /** An address without a zone, which means something on its own machine alone. */
  private static boolean isIpv6(String text) {
    return text.length() <= 45
        && text.chars()
            .allMatch(c -> c == ':' || c == '.' || (Character.digit(c, 16) >= 0 && c < 128))
        && NetUtil.isValidIpV6Address(text);
  }
}
