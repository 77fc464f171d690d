package dev.earshot.proxy;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.InterceptTls;
import dev.earshot.proxy.tls.UpstreamTls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A proxy for a test; closing it also checks that every start in its events has one end. */
record RunningProxy(
    ProxyController controller,
    Traffic traffic,
    CertificateAuthority ca,
    UpstreamTls upstreamTls,
    InterceptTls interceptTls)
    implements AutoCloseable {

  static final Duration NEVER = Duration.ofHours(1);

  static RunningProxy start() throws ProxyStartException {
    return start(plan -> plan, List.of());
  }

  static RunningProxy start(UnaryOperator<ProxyPlan> change) throws ProxyStartException {
    return start(change, List.of());
  }

  /** With a plan that differs from the usual one, and anchors that upstreams are verified with. */
  static RunningProxy start(UnaryOperator<ProxyPlan> change, List<X509Certificate> anchors)
      throws ProxyStartException {
    return start(change, anchors, Transport.best());
  }

  static RunningProxy start(
      UnaryOperator<ProxyPlan> change, List<X509Certificate> anchors, Transport transport)
      throws ProxyStartException {
    var ca = CertificateAuthority.inMemory(InstantSource.system());
    var upstreamTls = new UpstreamTls(() -> anchors, host -> false);
    var interceptTls = new InterceptTls(ca, InstantSource.system());
    var usual =
        new ProxyPlan(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new Interception.On(interceptTls),
            List.of(),
            upstreamTls,
            UpstreamProxies.NONE,
            ProxyLimits.DEFAULT,
            ProxyTimeouts.DEFAULT,
            (client, listener) -> new ClientAnswer.Allowed(ClientProcess.UNKNOWN),
            Optional.empty(),
            List.of());
    var traffic = new Traffic();
    try {
      return new RunningProxy(
          ProxyController.start(change.apply(usual), traffic, transport),
          traffic,
          ca,
          upstreamTls,
          interceptTls);
    } catch (ProxyStartException e) {
      upstreamTls.close();
      interceptTls.close();
      throw e;
    }
  }

  static ProxyPlan with(ProxyPlan plan, ProxyTimeouts timeouts) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        plan.upstreamProxies(),
        plan.limits(),
        timeouts,
        plan.clients(),
        plan.credentials(),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, ClientCheck clients) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        plan.upstreamProxies(),
        plan.limits(),
        plan.timeouts(),
        clients,
        plan.credentials(),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, InetSocketAddress bind) {
    return new ProxyPlan(
        bind,
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        plan.upstreamProxies(),
        plan.limits(),
        plan.timeouts(),
        plan.clients(),
        plan.credentials(),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, ReverseRule... reverse) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        plan.upstreamProxies(),
        plan.limits(),
        plan.timeouts(),
        plan.clients(),
        plan.credentials(),
        List.of(reverse));
  }

  static ProxyPlan with(ProxyPlan plan, ProxyCredentials credentials) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        plan.upstreamProxies(),
        plan.limits(),
        plan.timeouts(),
        plan.clients(),
        Optional.of(credentials),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, UpstreamProxies proxies) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        proxies,
        plan.limits(),
        plan.timeouts(),
        plan.clients(),
        plan.credentials(),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, UpstreamTls upstreamTls) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        upstreamTls,
        plan.upstreamProxies(),
        plan.limits(),
        plan.timeouts(),
        plan.clients(),
        plan.credentials(),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, ProxyLimits limits) {
    return new ProxyPlan(
        plan.bind(),
        plan.interception(),
        plan.passthrough(),
        plan.upstreamTls(),
        plan.upstreamProxies(),
        limits,
        plan.timeouts(),
        plan.clients(),
        plan.credentials(),
        plan.reverse());
  }

  static ProxyPlan with(ProxyPlan plan, Interception interception, List<HostPattern> passthrough) {
    return new ProxyPlan(
        plan.bind(),
        interception,
        passthrough,
        plan.upstreamTls(),
        plan.upstreamProxies(),
        plan.limits(),
        plan.timeouts(),
        plan.clients(),
        plan.credentials(),
        plan.reverse());
  }

  RawClient client() throws IOException {
    return RawClient.connect(controller.address());
  }

  @Override
  public void close() {
    controller.close();
    upstreamTls.close();
    interceptTls.close();
    traffic.checkEnds();
  }
}
