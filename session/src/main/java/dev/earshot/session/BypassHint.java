package dev.earshot.session;

import java.util.Optional;
import java.util.OptionalInt;

/** The likely reason for which a connection did not come through, and what to do. */
final class BypassHint {
  private static final int FIRST_NODE_WITH_PROXY = 22;
  private static final int FIRST_NODE_SURELY_WITH_PROXY = 24;

  private BypassHint() {}

  /**
   * One line for what the program does by itself.
   *
   * @param service what listens there if it is not HTTP
   * @param loopback whether it goes to this machine
   */
  static String of(Program program, Optional<String> service, boolean loopback) {
    if (service.isPresent()) {
      return service.get() + ": not HTTP";
    }
    return switch (program) {
      case Program.Go() when loopback ->
          "Go's net/http never uses a proxy for localhost and 127.0.0.1; call the machine's name or"
              + " 'localhost.' instead, or a listener of --reverse";
      case Program.Go() ->
          "a Go client without a proxy, or not HTTP; give its http.Transport"
              + " Proxy: http.ProxyFromEnvironment";
      case Program.Node(var version) -> node(version);
      case Program.Java() ->
          "a Java client that ignores the system's properties, or not HTTP; with Apache HttpClient"
              + " use createSystem(), with Reactor Netty proxyWithSystemProperties()";
      case Program.Python() ->
          "Python's http.client, urllib3 and aiohttp use no proxy by themselves; with aiohttp use"
              + " trust_env=True, or call by requests, httpx or urllib.request";
      case Program.Ruby() when loopback ->
          "Ruby's net/http uses no proxy for names of the loopback; call 'localhost.' instead, or"
              + " a listener of --reverse";
      case Program.Ruby() -> "a Ruby client without a proxy, or not HTTP";
      case Program.Php() ->
          "PHP's streams use no proxy by themselves; call by curl, or give them a context with one";
      case Program.Earshot(), Program.Other() ->
          "the program ignores HTTP_PROXY and its relatives, or does not speak HTTP; what cannot use"
              + " a proxy can call a listener of --reverse";
    };
  }

  private static String node(OptionalInt version) {
    if (version.isEmpty()) {
      return "Node before 22.21 has no proxy variable, and an agent of the program's own ignores it;"
          + " use Node 24 and its own agents";
    }
    int major = version.getAsInt();
    if (major < FIRST_NODE_WITH_PROXY) {
      return ("Node %d has no proxy variable; use Node 24, which has NODE_USE_ENV_PROXY, or let it"
              + " call a listener of --reverse")
          .formatted(major);
    }
    return major < FIRST_NODE_SURELY_WITH_PROXY
        ? "Node %d has a proxy variable from 22.21 on alone; use Node 24".formatted(major)
        : "an agent or a library of the program's own ignores Node's proxy; let it use Node's own"
            + " agents, or give it the proxy";
  }
}
