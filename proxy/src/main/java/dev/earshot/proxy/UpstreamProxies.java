package dev.earshot.proxy;

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
    Optional<UpstreamProxy> http, Optional<UpstreamProxy> https, List<NoProxyRule> except) {

  /** Every upstream is reached directly. */
  public static final UpstreamProxies NONE =
      new UpstreamProxies(Optional.empty(), Optional.empty(), List.of());

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
    record Through(UpstreamProxy proxy) implements Way {}
  }

  /**
   * Reads {@code http_proxy}, {@code https_proxy}, {@code all_proxy} and {@code no_proxy}; the
   * lower case name wins over the upper case one, the scheme's own over {@code all_proxy}. An empty
   * value means none. A proxy that would not be used may have any scheme.
   */
  public static Parsed fromEnvironment(Map<String, String> environment) {
    Optional<String> all = variable(environment, "all_proxy");
    return combine(
        variable(environment, "http_proxy").or(() -> all),
        variable(environment, "https_proxy").or(() -> all),
        variable(environment, "no_proxy").orElse(""));
  }

  /**
   * One proxy for every target except those of {@code noProxy}, which is what a {@code no_proxy}
   * variable says, or empty.
   */
  public static Parsed explicit(String url, String noProxy) {
    return combine(Optional.of(url), Optional.of(url), noProxy);
  }

  /** How to reach a host (a name, or an address without brackets). */
  public Way decide(String scheme, String host, int port) {
    Optional<UpstreamProxy> proxy = scheme.equals("http") ? http : https;
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

  private static Parsed combine(Optional<String> http, Optional<String> https, String noProxy) {
    Optional<UpstreamProxyUrl.Read> forHttp = http.map(UpstreamProxyUrl::read);
    Optional<UpstreamProxyUrl.Read> forHttps = https.map(UpstreamProxyUrl::read);
    return Stream.of(forHttp, forHttps)
        .flatMap(Optional::stream)
        .flatMap(read ->
            read instanceof UpstreamProxyUrl.Read.Wrong(var why) ? Stream.of(why) : Stream.empty())
        .findFirst()
        .<Parsed>map(Parsed.Unusable::new)
        .orElseGet(() ->
            new Parsed.Usable(
                new UpstreamProxies(proxy(forHttp), proxy(forHttps), NoProxyRule.parse(noProxy))));
  }

  private static Optional<UpstreamProxy> proxy(Optional<UpstreamProxyUrl.Read> read) {
    return read.flatMap(known ->
        known instanceof UpstreamProxyUrl.Read.Proxy(var proxy)
            ? Optional.of(proxy)
            : Optional.empty());
  }
}
