package dev.earshot.proxy;

import java.net.InetSocketAddress;

/**
 * A listener of its own for one origin, which listens.
 *
 * @param address where
 * @param rule what for; its own port may have been any
 */
public record ReverseListener(InetSocketAddress address, ReverseRule rule) {
  /** Where requests with these means go; nobody stands between this machine and itself. */
  UpstreamKey key(UpstreamProxies proxies, UpstreamKey.Offer offer) {
    Target target = rule.target();
    UpstreamProxies.Way way =
        Resolver.isLoopback(target.host())
            ? new UpstreamProxies.Way.Direct()
            : proxies.decide(target.scheme(), target.host(), target.port());
    boolean tunnelled = target.isTls() || offer == UpstreamKey.Offer.PRIOR_KNOWLEDGE;
    return new UpstreamKey(target, target.host(), way, tunnelled, offer);
  }
}
