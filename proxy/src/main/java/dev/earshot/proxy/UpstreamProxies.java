package dev.earshot.proxy;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which upstreams are reached through another proxy: what {@code --upstream-proxy} or the usual
 * variables say. A value; deciding is a pure function.
 *
 * @param http the proxy for {@code http} targets
 * @param https the proxy for {@code https} targets, and for every CONNECT
 * @param except hosts that are reached directly all the same
 */
public record UpstreamProxies(
    Optional<HttpProxy> http, Optional<HttpProxy> https, List<NoProxyRule> except) {

  /** Every upstream is reached directly. */
  public static final UpstreamProxies NONE =
      new UpstreamProxies(Optional.empty(), Optional.empty(), List.of());

  private static final int DEFAULT_PORT = 80;

  public UpstreamProxies {
    except = List.copyOf(except);
  }

  /** What was found in variables or an option. */
  public sealed interface Parsed {
    /** It can be used. */
    record Usable(UpstreamProxies proxies) implements Parsed {}

    /** It cannot; {@code why} is one line of text without credentials. */
    record Unusable(String why) implements Parsed {}
  }

  /** How to reach one upstream. */
  public sealed interface Way {
    /** Connect to it. */
    record Direct() implements Way {}

    /** Ask this proxy. */
    record Through(HttpProxy proxy) implements Way {}
  }

  /**
   * Reads {@code http_proxy}, {@code https_proxy}, {@code all_proxy} and {@code no_proxy}; the
   * lower case name wins over the upper case one, the scheme's own over {@code all_proxy}. An empty
   * value means none. A proxy that would not be used may have any scheme.
   */
  public static Parsed fromEnvironment(Map<String, String> environment) {
    Optional<String> all = variable(environment, "all_proxy");
    var http = readProxy(variable(environment, "http_proxy").or(() -> all));
    var https = readProxy(variable(environment, "https_proxy").or(() -> all));
    return combine(http, https, variable(environment, "no_proxy").orElse(""));
  }

  /**
   * One proxy for every target except those of {@code noProxy}, which is what a {@code no_proxy}
   * variable says, or empty.
   */
  public static Parsed explicit(String url, String noProxy) {
    var proxy = readProxy(Optional.of(url));
    return combine(proxy, proxy, noProxy);
  }

  /** How to reach a host (a name, or an address without brackets). */
  public Way decide(String scheme, String host, int port) {
    Optional<HttpProxy> proxy = scheme.equals("http") ? http : https;
    if (proxy.isEmpty() || except.stream().anyMatch(rule -> rule.covers(host, port))) {
      return new Way.Direct();
    }
    return new Way.Through(proxy.get());
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return Stream.of(name, name.toUpperCase(Locale.ROOT))
        .flatMap(n -> Optional.ofNullable(environment.get(n)).stream())
        .findFirst()
        .map(String::trim)
        .filter(value -> !value.isEmpty());
  }

  private sealed interface ReadProxy {
    record Read(Optional<HttpProxy> proxy) implements ReadProxy {}

    record Wrong(String why) implements ReadProxy {}
  }

  private static Parsed combine(ReadProxy http, ReadProxy https, String noProxy) {
    if (http instanceof ReadProxy.Wrong(var why)) {
      return new Parsed.Unusable(why);
    }
    if (https instanceof ReadProxy.Wrong(var why)) {
      return new Parsed.Unusable(why);
    }
    return new Parsed.Usable(
        new UpstreamProxies(
            ((ReadProxy.Read) http).proxy(),
            ((ReadProxy.Read) https).proxy(),
            NoProxyRule.parse(noProxy)));
  }

  private static ReadProxy readProxy(Optional<String> value) {
    if (value.isEmpty()) {
      return new ReadProxy.Read(Optional.empty());
    }
    String url = value.get();
    int schemeEnd = url.indexOf("://");
    String scheme = schemeEnd < 0 ? "http" : url.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http")) {
      return new ReadProxy.Wrong(
          "cannot use an upstream proxy of scheme \"%s\": only http:// so far"
              .formatted(Text.printable(scheme)));
    }
    String rest = schemeEnd < 0 ? url : url.substring(schemeEnd + 3);
    int slash = rest.indexOf('/');
    String authority = slash < 0 ? rest : rest.substring(0, slash);
    int at = authority.lastIndexOf('@');
    Optional<String> credentials =
        at < 0 ? Optional.empty() : Optional.of(percentDecoded(authority.substring(0, at)));
    String hostPort = authority.substring(at + 1);
    return switch (Authority.parse(hostPort, DEFAULT_PORT)) {
      case Authority.Parsed(var host, var port) ->
          new ReadProxy.Read(Optional.of(new HttpProxy(host, port, credentials)));
      case Authority.Wrong(var why) ->
          new ReadProxy.Wrong(
              "cannot use the upstream proxy \"%s\": %s".formatted(Text.printable(hostPort), why));
    };
  }

  private static String percentDecoded(String userInfo) {
    try {
      return URLDecoder.decode(userInfo.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notEncoded) {
      return userInfo;
    }
  }
}
