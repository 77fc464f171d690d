package dev.earshot.proxy;

import dev.earshot.proxy.tls.UpstreamTls;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/**
 * What a proxy is to do, fixed for its life. The TLS parts belong to whoever made the plan, who
 * closes them after the proxy has ended.
 *
 * @param bind where to listen; port 0 for any free one
 * @param interception whether TLS of clients is decrypted
 * @param passthrough hosts that are never decrypted
 * @param upstreamTls verifies upstreams
 * @param upstreamProxies which upstreams are reached through another proxy
 * @param limits what is bounded by size or count
 * @param timeouts what is bounded by time
 * @param clients who may use the proxy
 * @param credentials what clients must show that are not of the session
 * @param reverse further listeners, for one origin each
 */
public record ProxyPlan(
    InetSocketAddress bind,
    Interception interception,
    List<HostPattern> passthrough,
    UpstreamTls upstreamTls,
    UpstreamProxies upstreamProxies,
    ProxyLimits limits,
    ProxyTimeouts timeouts,
    ClientCheck clients,
    Optional<ProxyCredentials> credentials,
    List<ReverseRule> reverse) {
  public ProxyPlan {
    passthrough = List.copyOf(passthrough);
    reverse = List.copyOf(reverse);
  }
}
