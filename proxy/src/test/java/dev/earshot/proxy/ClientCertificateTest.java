package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.proxy.tls.ClientIdentity;
import dev.earshot.proxy.tls.UpstreamTls;
import dev.earshot.proxy.tls.UpstreamTlsOf;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Upstreams that ask their clients for a certificate. */
class ClientCertificateTest {
  private static final TestCa CA = TestCa.create();
  private static final List<X509Certificate> ANCHORS = List.of(CA.certificate());
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";

  static Stream<Arguments> providersAndVersions() {
    return Stream.of(true, false)
        .flatMap(jdk -> Stream.of("TLSv1.2", "TLSv1.3").map(version -> Arguments.of(jdk, version)));
  }

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  void anUpstreamThatAsksGetsTheCertificate(boolean jdk, String version) throws Exception {
    var identity = identity(CA.server("client.test"));
    try (var origin = demanding(version);
        var tls = UpstreamTlsOf.provider(jdk, ANCHORS, only("localhost", identity));
        var proxy = start(tls);
        var client = proxy.client()) {
      client.connect("localhost:" + origin.port());
      var secured = client.secure(trusting(proxy), "localhost");
      for (int i = 0; i < 2; i++) {
        secured.send(GET);
        assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
        assertThat(secured.read(2)).isEqualTo("hi");
      }
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  void anUpstreamThatGetsNoneIsSaidToAsk(boolean jdk, String version) throws Exception {
    // The certificate is for another host.
    var identity = identity(CA.server("client.test"));
    try (var origin = demanding(version);
        var tls = UpstreamTlsOf.provider(jdk, ANCHORS, only("other.test", identity))) {
      assertThat(failure(tls, origin))
          .startsWith("localhost asked for a client certificate, got none and ended the connection")
          .endsWith("; try: --client-cert localhost=FILE or --passthrough localhost");
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndVersions")
  void anUpstreamThatRefusesTheCertificateIsSaidTo(boolean jdk, String version) throws Exception {
    var identity = identity(TestCa.create().server("client.test"));
    try (var origin = demanding(version);
        var tls = UpstreamTlsOf.provider(jdk, ANCHORS, only("localhost", identity))) {
      assertThat(failure(tls, origin))
          .startsWith(
              "localhost asked for a client certificate, got that of --client-cert and ended the"
                  + " connection")
          .endsWith("; try: another, or --passthrough localhost");
    }
  }

  private static String failure(UpstreamTls tls, ScriptedOrigin origin) throws Exception {
    try (var proxy = start(tls);
        var client = proxy.client()) {
      client.connect("localhost:" + origin.port());
      var secured = client.secure(trusting(proxy), "localhost");
      secured.send(GET);
      assertThat(secured.readHead())
          .startsWith("HTTP/1.1 502")
          .contains("earshot-error: upstream_tls\r\n");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.UPSTREAM_TLS);
      return failed.detail();
    }
  }

  private static ScriptedOrigin demanding(String version) throws Exception {
    return ScriptedOrigin.startTls(
        CA.serverContext("localhost"),
        socket -> {
          socket.setNeedClientAuth(true);
          socket.setEnabledProtocols(new String[] {version});
        },
        ScriptedOrigin.answering(OK));
  }

  private static RunningProxy start(UpstreamTls tls) throws ProxyStartException {
    return RunningProxy.start(plan -> RunningProxy.with(plan, tls));
  }

  private static ClientIdentity identity(TestCa.Server client) {
    return new ClientIdentity(client.chain(), client.key());
  }

  private static UpstreamTls.Identities only(String host, ClientIdentity identity) {
    return (asked, port) -> asked.equals(host) ? Optional.of(identity) : Optional.empty();
  }

  private static SSLContext trusting(RunningProxy proxy) {
    return TestCa.clientContext(proxy.ca().certificate());
  }
}
