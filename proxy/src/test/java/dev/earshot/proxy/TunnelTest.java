package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.InterceptTls;
import dev.earshot.proxy.tls.NameConstraints;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TunnelTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  private static final TestCa UPSTREAM_CA = TestCa.create();

  @Test
  void whatIsNeitherTlsNorHttpGoesThroughAsItIs() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> connection.send(connection.read(5) + "pong"));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      assertThat(client.connect(authority(origin))).startsWith("HTTP/1.1 200");
      client.send("\0ping");
      assertThat(client.readAll()).isEqualTo("\0pingpong");
      var opened = proxy.traffic().await(TrafficEvent.TunnelOpened.class);
      assertThat(opened.why()).isEqualTo(TunnelReason.NOT_TLS);
      client.socket().close();
      assertThat(proxy.traffic().await(TrafficEvent.TunnelClosed.class))
          .isEqualTo(new TrafficEvent.TunnelClosed(opened.id(), 5, 9));
    }
  }

  @Test
  void aServerMaySpeakFirst() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.send("220 ready\r\n");
              connection.send(connection.read(6));
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.connect(authority(origin));
      assertThat(client.read(11)).isEqualTo("220 ready\r\n");
      // Letters, as a request begins; too late to be one.
      client.send("QUIT\r\n");
      assertThat(client.readAll()).isEqualTo("QUIT\r\n");
    }
  }

  @Test
  void tlsOfAnotherProtocolIsBetweenTheTwo() throws Exception {
    var context = UPSTREAM_CA.serverContext("localhost");
    var listener =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    var parameters = listener.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"mqtt"});
    listener.setSSLParameters(parameters);
    try (listener;
        var proxy = RunningProxy.start();
        var raw = proxy.client();
        var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      var origin =
          pool.submit(() -> {
            try (var connection = (SSLSocket) listener.accept()) {
              connection.getOutputStream().write(connection.getInputStream().readNBytes(4));
              return connection.getApplicationProtocol();
            }
          });
      raw.connect("localhost:" + listener.getLocalPort());
      var factory = UPSTREAM_CA.clientContext().getSocketFactory();
      var client = (SSLSocket) factory.createSocket(raw.socket(), "localhost", 1, true);
      var offer = client.getSSLParameters();
      offer.setApplicationProtocols(new String[] {"mqtt"});
      client.setSSLParameters(offer);
      client.getOutputStream().write("ping".getBytes(US_ASCII));
      assertThat(client.getInputStream().readNBytes(4)).asString(US_ASCII).isEqualTo("ping");
      assertThat(origin.get(20, TimeUnit.SECONDS)).isEqualTo("mqtt");
      assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class).why())
          .isEqualTo(TunnelReason.NOT_HTTP);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PASSTHROUGH", "NO_INTERCEPT"})
  void tlsThatIsNotDecryptedIsBetweenTheTwo(TunnelReason why) throws Exception {
    boolean off = why == TunnelReason.NO_INTERCEPT;
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("localhost"), ScriptedOrigin.answering(OK));
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    plan,
                    off ? new Interception.Off() : plan.interception(),
                    off ? List.of() : List.of(HostPattern.of("*.0.0.1"))));
        var client = proxy.client()) {
      client.connect(authority(origin));
      var secured = client.secure(UPSTREAM_CA.clientContext(), "localhost");
      secured.send(GET);
      assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
      assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class).why()).isEqualTo(why);
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeStarted.class)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatComesWithTheConnectIsNotLost(boolean intercepted) throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.send(connection.read(4)));
        var proxy =
            RunningProxy.start(plan ->
                intercepted ? plan : RunningProxy.with(plan, new Interception.Off(), List.of()));
        var client = proxy.client()) {
      client.send("CONNECT " + authority(origin) + " HTTP/1.1\r\nHost: x\r\n\r\n\1abc");
      client.readHead();
      assertThat(client.readAll()).isEqualTo("\1abc");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1"})
  void tlsIsDecryptedWithACertificateForTheNameOrAddress(String host) throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("localhost", "127.0.0.1"), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      client.connect(host + ":" + origin.port());
      var secured = client.secure(trusting(proxy), host);
      for (int i = 0; i < 2; i++) {
        secured.send(GET);
        assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
        assertThat(secured.read(2)).isEqualTo("hi");
      }
      assertThat(origin.connections()).isEqualTo(1);
      var started = proxy.traffic().await(TrafficEvent.ExchangeStarted.class, 2);
      assertThat(started.url()).isEqualTo("https://" + host + ":" + origin.port() + "/x");
      var first = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(first.timings().tls()).isPositive();
      assertThat(first.timings().dns()).isEqualTo(-1);
    }
  }

  @Test
  void theCertificateIsForTheServerNameThatTheClientSends() throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("other.test"), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      client.connect(authority(origin));
      var secured = client.secure(trusting(proxy), "other.test");
      secured.send(GET);
      assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void tlsWithoutAServerNameIsDecryptedToo() throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("localhost"), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      client.connect("localhost:" + origin.port());
      try (var tls =
          (SSLSocket)
              trusting(proxy)
                  .getSocketFactory()
                  .createSocket(client.socket(), null, origin.port(), true)) {
        tls.setUseClientMode(true);
        tls.startHandshake();
        var secured = new RawClient(tls, tls.getInputStream(), tls.getOutputStream());
        secured.send(GET);
        assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 20})
  void plainHttpWithinATunnelIsRecorded(int withTheConnect) throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      String authority = authority(origin);
      client.send(
          "CONNECT "
              + authority
              + " HTTP/1.1\r\nHost: x\r\n\r\n"
              + GET.substring(0, withTheConnect));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      client.send(GET.substring(withTheConnect));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(client.read(2)).isEqualTo("hi");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).status())
          .isEqualTo(200);
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://" + authority + "/x");
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @Test
  void anUpstreamThatCannotBeTrustedIsExplainedToTheClientWithinTls() throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                TestCa.selfSigned("localhost").context(), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.connect("localhost:" + origin.port());
      var secured = client.secure(trusting(proxy), "localhost");
      secured.send(GET);
      assertThat(secured.readAll())
          .startsWith("HTTP/1.1 502")
          .contains("earshot-error: upstream_tls", "localhost");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.UPSTREAM_TLS);
    }
  }

  @Test
  void anUpstreamThatDoesNotAnswerTheHandshakeTimesOut() throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    plan,
                    new ProxyTimeouts(
                        RunningProxy.NEVER,
                        RunningProxy.NEVER,
                        Duration.ofMillis(200),
                        RunningProxy.NEVER,
                        RunningProxy.NEVER,
                        RunningProxy.NEVER,
                        Duration.ofSeconds(2),
                        RunningProxy.NEVER)));
        var client = proxy.client()) {
      client.connect(authority(origin));
      var secured = client.secure(trusting(proxy), "127.0.0.1");
      secured.send(GET);
      assertThat(secured.readAll())
          .startsWith("HTTP/1.1 502")
          .contains("upstream_tls", "did not finish the TLS handshake within 200 ms");
    }
  }

  @Test
  void aClientThatDoesNotTrustTheAuthorityIsNamedAWayOut() throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("127.0.0.1"), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      client.connect(authority(origin));
      assertThatThrownBy(() -> client.secure(UPSTREAM_CA.clientContext(), "127.0.0.1"))
          .isInstanceOf(SSLException.class);
      var failed = proxy.traffic().await(TrafficEvent.TunnelFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.CLIENT_GONE);
      assertThat(failed.detail()).contains("did not accept", "--passthrough 127.0.0.1");
      var warning = proxy.traffic().await(TrafficEvent.Warning.class);
      assertThat(warning.code()).isEqualTo("client_rejected_ca");
      assertThat(warning.hint().orElse("")).contains("--passthrough 127.0.0.1");
    }
  }

  @Test
  void aHostOutsideTheAuthoritysConstraintsIsPassedOnAndToldOnce() throws Exception {
    var ca = CertificateAuthority.inMemory(Instant::now, NameConstraints.parse("localhost"));
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("localhost", "127.0.0.1"), ScriptedOrigin.answering(OK));
        var tls = new InterceptTls(ca, Instant::now);
        var proxy =
            RunningProxy.start(
                plan -> RunningProxy.with(plan, new Interception.On(tls), List.of()),
                List.of(UPSTREAM_CA.certificate()))) {
      for (int i = 1; i <= 2; i++) {
        try (var client = proxy.client()) {
          client.connect(authority(origin));
          var secured = client.secure(UPSTREAM_CA.clientContext(), "127.0.0.1");
          secured.send(GET);
          assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
          assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class, i).why())
              .isEqualTo(TunnelReason.CA_CONSTRAINED);
        }
      }
      var warnings = proxy.traffic().all(TrafficEvent.Warning.class);
      assertThat(warnings).hasSize(1);
      assertThat(warnings.getFirst().code()).isEqualTo("ca_constrained");
      assertThat(warnings.getFirst().text()).startsWith("127.0.0.1 is outside");
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeStarted.class)).isEmpty();

      try (var client = proxy.client()) {
        client.connect("localhost:" + origin.port());
        var secured = client.secure(TestCa.clientContext(ca.certificate()), "localhost");
        secured.send(GET);
        assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
      }
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("https://localhost:" + origin.port() + "/x");
    }
  }

  @Test
  void aClientOfAnOtherTlsVersionDidNotRejectTheAuthority() throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("127.0.0.1"), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      client.connect(authority(origin));
      // A ClientHello of TLS 1.0 without cipher suites that anyone has.
      client.send("\26\3\1\0\57\1\0\0\53\3\1" + "r".repeat(32) + "\0\0\4\377\1\377\2\1\0");
      client.socket().setSoTimeout(5_000);
      client.readAll();
      var failed = proxy.traffic().await(TrafficEvent.TunnelFailed.class);
      assertThat(failed.detail()).contains("handshake").doesNotContain("certificate");
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).isEmpty();
    }
  }

  @Test
  void aConnectThatCannotBeMadeIsAnExchangeThatFailed() throws Exception {
    int port;
    try (var origin = ScriptedOrigin.start(connection -> connection.drain())) {
      port = origin.port();
    }
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      assertThat(client.connect("127.0.0.1:" + port))
          .startsWith("HTTP/1.1 502")
          .contains("earshot-error: connect\r\n");
      assertThat(client.readAll()).contains("connection refused");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).request().method())
          .isEqualTo("CONNECT");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.CONNECT);
    }
  }

  @Test
  void aConnectThatIsNotAnsweredInTimeIsA504() throws Exception {
    try (var silent = SilentListener.start();
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    plan, ProxyTimeouts.DEFAULT.withConnect(Duration.ofMillis(200))));
        var client = proxy.client()) {
      assertThat(client.connect("127.0.0.1:" + silent.port()))
          .startsWith("HTTP/1.1 504")
          .contains("earshot-error: connect_timeout");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.CONNECT_TIMEOUT);
      assertThat(failed.detail())
          .isEqualTo(
              "cannot connect to 127.0.0.1:%d: no answer within 200 ms".formatted(silent.port()));
    }
  }

  @Test
  void aPassthroughThatCannotBeMadeIsATunnelThatFailed() throws Exception {
    int port;
    try (var origin = ScriptedOrigin.start(connection -> connection.drain())) {
      port = origin.port();
    }
    try (var proxy =
            RunningProxy.start(plan -> RunningProxy.with(plan, new Interception.Off(), List.of()));
        var client = proxy.client()) {
      assertThat(client.connect("127.0.0.1:" + port)).startsWith("HTTP/1.1 502");
      assertThat(proxy.traffic().await(TrafficEvent.TunnelFailed.class).error())
          .isEqualTo(FailureKind.CONNECT);
    }
  }

  @Test
  void eachDirectionOfATunnelEndsOnItsOwn() throws Exception {
    try (var origin =
            ScriptedOrigin.start(
                connection -> connection.send(String.valueOf(connection.drain())));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.connect(authority(origin));
      client.send("\1" + "x".repeat(99_999));
      client.socket().shutdownOutput();
      assertThat(client.readAll()).isEqualTo("100000");
      var closed = proxy.traffic().await(TrafficEvent.TunnelClosed.class);
      assertThat(closed.up()).isEqualTo(100_000);
      assertThat(closed.down()).isEqualTo(6);
    }
  }

  @Test
  void aTunnelWhoseOneSideIsGoneAndWhoseOtherNeverReadsEnds() throws Exception {
    var gate = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.read(1);
              connection.hold(gate);
            });
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(plan, ProxyTimeouts.DEFAULT.withIdle(Duration.ofMillis(300))))) {
      try (var client = proxy.client()) {
        client.connect(authority(origin));
        client.send("\1");
        proxy.traffic().await(TrafficEvent.TunnelOpened.class);
        fill(client);
      }
      proxy.traffic().await(TrafficEvent.TunnelClosed.class);
    } finally {
      gate.countDown();
    }
  }

  @Test
  void aTunnelInWhichNobodyHasEndedMayBeSilent() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> connection.send(connection.read(1) + "b"));
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(plan, ProxyTimeouts.DEFAULT.withIdle(Duration.ofMillis(50))));
        var client = proxy.client();
        var other = proxy.client()) {
      client.connect(authority(origin));
      client.send("\1");
      // The other's idle time-out is over when this returns.
      assertThat(other.readAll()).isEmpty();
      assertThat(client.readAll()).isEqualTo("\1b");
    }
  }

  @Test
  void closingNotifyWithinAResponseIsTheClientsEnd() throws Exception {
    var gate = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("127.0.0.1"),
                connection -> {
                  connection.readHead();
                  connection.hold(gate);
                });
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      client.connect(authority(origin));
      var secured = client.secure(trusting(proxy), "127.0.0.1");
      secured.send(GET);
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      secured.socket().shutdownOutput();
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.CLIENT_GONE);
    } finally {
      gate.countDown();
    }
  }

  @Test
  void aClientThatResetsATunnelEndsItForTheUpstream() throws Exception {
    var ended = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              try {
                connection.drain();
              } finally {
                ended.countDown();
              }
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.connect(authority(origin));
      client.send("\1\2");
      proxy.traffic().await(TrafficEvent.TunnelOpened.class);
      client.reset();
      Eventually.until("the upstream's connection ended", () -> ended.getCount() == 0);
      proxy.traffic().await(TrafficEvent.TunnelClosed.class);
    }
  }

  /** Sends until nothing more goes. */
  private static void fill(RawClient client) throws IOException {
    var sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                while (true) {
                  client.out().write(new byte[1 << 16]);
                }
              } catch (IOException closed) {
                // By the test, once the sender waits.
              }
            });
    Eventually.until("the sender waits", () -> sender.getState() == Thread.State.WAITING);
  }

  private static SSLContext trusting(RunningProxy proxy) {
    return TestCa.clientContext(proxy.ca().certificate());
  }

  private static String authority(ScriptedOrigin origin) {
    return "127.0.0.1:" + origin.port();
  }
}
