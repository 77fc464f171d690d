package dev.earshot.cli;

import dev.earshot.proxy.UpstreamProxies;
import dev.earshot.session.ChildEnvironment;
import java.util.Map;
import java.util.Optional;

/** What is said about a run that takes place within another session: pure text. */
final class Nesting {
  private Nesting() {}

  /**
   * Names the outer session, and the proxy that calls go on through; empty if there is no such
   * session, or if calls go their own way because its proxy is not in the environment.
   *
   * @param environment the user's environment, as text
   * @param proxies how upstreams are reached
   */
  static Optional<String> notice(Map<String, String> environment, UpstreamProxies proxies) {
    String outer = environment.getOrDefault(ChildEnvironment.MARKER, "");
    return outer.isEmpty()
        ? Optional.empty()
        : proxies
            .https()
            .or(proxies::http)
            .map(
                proxy -> "inside session " + outer + ": calls go on through the proxy at " + proxy);
  }
}
