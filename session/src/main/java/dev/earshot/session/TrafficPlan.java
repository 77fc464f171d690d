package dev.earshot.session;

import dev.earshot.proxy.HostPattern;
import dev.earshot.proxy.ProxyCredentials;
import dev.earshot.proxy.ProxyTimeouts;
import dev.earshot.proxy.ReverseRule;
import dev.earshot.proxy.UpstreamProxies;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the proxy of a session does.
 *
 * @param bind where to listen; port 0 for any free one; not on the loopback only with credentials
 * @param credentials what clients must show that are not of the command's tree
 * @param reverse further listeners, for one origin each
 * @param intercept whether TLS is decrypted at all
 * @param passthrough hosts that are never decrypted
 * @param proxies the user's own proxies, through which upstreams are reached
 * @param anchors the certificate authorities to trust upstream; asked at the first TLS upstream
 * @param insecure hosts whose certificates are not verified
 * @param clientCertificates what upstreams are shown that ask for it; the first for a host counts
 * @param connectTimeout for reaching an upstream
 * @param idleTimeout for an exchange in which nothing moves
 * @param drain for exchanges in flight at the end
 * @param keyLog a file for the secrets of all TLS connections, created for its owner or emptied
 */
public record TrafficPlan(
    InetSocketAddress bind,
    Optional<ProxyCredentials> credentials,
    List<ReverseRule> reverse,
    boolean intercept,
    List<HostPattern> passthrough,
    UpstreamProxies proxies,
    Supplier<? extends Collection<X509Certificate>> anchors,
    List<HostPattern> insecure,
    List<ClientCertificate> clientCertificates,
    Duration connectTimeout,
    Duration idleTimeout,
    Duration drain,
    Optional<Path> keyLog) {
  public TrafficPlan {
    if (!bind.getAddress().isLoopbackAddress() && credentials.isEmpty()) {
      throw new IllegalArgumentException("not a loopback address, and no credentials: " + bind);
    }
    reverse = List.copyOf(reverse);
    passthrough = List.copyOf(passthrough);
    insecure = List.copyOf(insecure);
    clientCertificates = List.copyOf(clientCertificates);
  }

  /** Any free port of 127.0.0.1, everything decrypted and verified, with the default times. */
  public static TrafficPlan of(
      UpstreamProxies proxies, Supplier<? extends Collection<X509Certificate>> anchors) {
    return new TrafficPlan(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        Optional.empty(),
        List.of(),
        true,
        List.of(),
        proxies,
        anchors,
        List.of(),
        List.of(),
        ProxyTimeouts.DEFAULT.connect(),
        ProxyTimeouts.DEFAULT.idle(),
        Duration.ofSeconds(2),
        Optional.empty());
  }
}
