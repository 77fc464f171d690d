package dev.earshot.proxy;

import java.util.Locale;

/**
 * Hosts, by a name in which {@code *} stands for any characters, and optionally by port: {@code
 * api.example.com}, {@code *.example.com:8443}, {@code 10.0.0.*}, {@code [::1]:443}. Case does not
 * matter; letters beyond ASCII are those of A-labels, but a label with a star has none.
 *
 * @param host the name, in lower case, an IPv6 address without brackets
 * @param port the port, or -1 for any
 */
public record HostPattern(String host, int port) {
  private static final int ANY_PORT = -1;

  /**
   * Reads a pattern.
   *
   * @throws IllegalArgumentException if it is not one; the message says why
   */
  public static HostPattern of(String text) {
    if (text.chars().filter(c -> c == ':').count() > 1 && !text.startsWith("[")) {
      if (text.indexOf('%') >= 0) {
        throw new IllegalArgumentException(
            "\"%s\" is an address with a zone, which is known on its own machine alone"
                .formatted(text));
      }
      return new HostPattern(Authority.canonicalHost(text), ANY_PORT);
    }
    return switch (Authority.parse(text.toLowerCase(Locale.ROOT), ANY_PORT)) {
      case Authority.Parsed(var host, var port) ->
          new HostPattern(Authority.canonicalHost(host), port);
      case Authority.Wrong(var why) ->
          throw new IllegalArgumentException(
              "\"%s\" is not a host or host:port: %s".formatted(text, why));
    };
  }

  /** Whether a host (a name, or an address without brackets) and port are meant. */
  public boolean matches(String otherHost, int otherPort) {
    return (port == ANY_PORT || port == otherPort)
        && glob(host, Authority.canonicalHost(otherHost));
  }

  /** Linear in the text for each star, without recursion: the last star absorbs one char more. */
  private static boolean glob(String pattern, String text) {
    int p = 0;
    int t = 0;
    int star = -1;
    int absorbed = 0;
    while (t < text.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        absorbed = t;
      } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++absorbed;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
