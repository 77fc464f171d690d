package dev.earshot.session;

import dev.earshot.proxy.HostPattern;
import dev.earshot.proxy.ProxyTimeouts;
import dev.earshot.proxy.UpstreamProxies;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * What the proxy of a session does.
 *
 * @param bind a loopback address; port 0 for any free one
 * @param intercept whether TLS is decrypted at all
 * @param passthrough hosts that are never decrypted
 * @param proxies the user's own proxies, through which upstreams are reached
 * @param anchors the certificate authorities to trust upstream; asked at the first TLS upstream
 * @param insecure hosts whose certificates are not verified
 * @param clientCertificates what upstreams are shown that ask for it; the first for a host counts
 * @param connectTimeout for reaching an upstream
 * @param idleTimeout for an exchange in which nothing moves
 * @param drain for exchanges in flight at the end
 */
public record TrafficPlan(
    InetSocketAddress bind,
    boolean intercept,
    List<HostPattern> passthrough,
    UpstreamProxies proxies,
    Supplier<? extends Collection<X509Certificate>> anchors,
    List<HostPattern> insecure,
    List<ClientCertificate> clientCertificates,
    Duration connectTimeout,
    Duration idleTimeout,
    Duration drain) {
  public TrafficPlan {
    if (!bind.getAddress().isLoopbackAddress()) {
      throw new IllegalArgumentException("not a loopback address: " + bind);
    }
    passthrough = List.copyOf(passthrough);
    insecure = List.copyOf(insecure);
    clientCertificates = List.copyOf(clientCertificates);
  }

  /** Any free port of 127.0.0.1, everything decrypted and verified, with the default times. */
  public static TrafficPlan of(
      UpstreamProxies proxies, Supplier<? extends Collection<X509Certificate>> anchors) {
    return new TrafficPlan(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        true,
        List.of(),
        proxies,
        anchors,
        List.of(),
        List.of(),
        ProxyTimeouts.DEFAULT.connect(),
        ProxyTimeouts.DEFAULT.idle(),
        Duration.ofSeconds(2));
  }
}
