package dev.earshot.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;

/**
 * A listener of its own for one origin: whatever comes in there goes to that, so that clients need
 * no proxy.
 *
 * @param listen where to listen, on the loopback; port 0 for any free one
 * @param scheme {@code http} or {@code https}
 * @param host the origin's name or address, an IPv6 address without brackets
 * @param port the origin's port
 */
public record ReverseRule(InetSocketAddress listen, String scheme, String host, int port) {
  public ReverseRule {
    if (!listen.getAddress().isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "it would let other machines in: it listens on the loopback only");
    }
  }

  /**
   * Reads {@code LISTEN=TARGET}: a port, alone or after a colon or an address of the loopback; and
   * {@code http://HOST[:PORT]}, {@code https://HOST[:PORT]} or {@code HOST:PORT}.
   *
   * @throws IllegalArgumentException if it is not that; the message says why
   */
  public static ReverseRule parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new IllegalArgumentException("there is no = in it");
    }
    InetSocketAddress listen = listen(text.substring(0, equals));
    String url = text.substring(equals + 1);
    int schemeEnd = url.indexOf("://");
    String scheme = schemeEnd < 0 ? "http" : url.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new IllegalArgumentException("the target is neither http:// nor https://");
    }
    String rest = schemeEnd < 0 ? url : url.substring(schemeEnd + 3);
    // As it is copied from a browser.
    String authority =
        schemeEnd >= 0 && rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
    if (authority.indexOf('@') >= 0) {
      throw new IllegalArgumentException("the target has user information");
    }
    if (authority.chars().anyMatch(c -> "/?#".indexOf(c) >= 0)) {
      throw new IllegalArgumentException("the target has a path, which every request has itself");
    }
    int otherwise = schemeEnd < 0 ? -1 : Target.defaultPort(scheme);
    return switch (Authority.parse(authority, otherwise)) {
      case Authority.Parsed(var host, _) when host.indexOf('*') >= 0 ->
          throw new IllegalArgumentException("the target is not one host");
      case Authority.Parsed(var host, var port) when port > 0 ->
          new ReverseRule(listen, scheme, host, port);
      case Authority.Parsed _ ->
          throw new IllegalArgumentException("the target has neither a scheme nor a port");
      case Authority.Wrong(var why) -> throw new IllegalArgumentException("the target: " + why);
    };
  }

  private static InetSocketAddress listen(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon <= 0 ? "127.0.0.1" : text.substring(0, colon);
    String port = text.substring(colon + 1);
    if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > Authority.MAX_PORT) {
      throw new IllegalArgumentException("there is no port to listen on before the =");
    }
    String plain =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    try {
      InetAddress address = InetAddress.ofLiteral(plain.equals("localhost") ? "127.0.0.1" : plain);
      return new InetSocketAddress(address, Integer.parseInt(port));
    } catch (IllegalArgumentException notAnAddress) {
      throw new IllegalArgumentException(
          "what is before the = is neither a port nor an address of the loopback with one",
          notAnAddress);
    }
  }

  /** The origin, such as {@code http://localhost:3000}. */
  public String targetUrl() {
    return scheme + "://" + target().authority();
  }

  Target target() {
    return new Target(scheme, host, port);
  }
}
