package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that do not want our certificate reach the host all the same. */
class RejectedAuthorityTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  private static final String OVERTURE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
  private static final TestCa UPSTREAM_CA = TestCa.create();

  private final AtomicReference<ClientProcess> who = new AtomicReference<>(process(1, "pinning"));

  @Test
  void afterAnAlertTheProgramPassesAndOthersAreDecrypted() throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER)) {
      refuse(proxy, origin);
      TrafficEvent.Warning warning = proxy.traffic().await(TrafficEvent.Warning.class);
      assertThat(warning.code()).isEqualTo("client_rejected_ca");
      assertThat(warning.text())
          .startsWith("pinning did not accept Earshot's certificate for 127.0.0.1 (certificate")
          .contains("passes undecrypted", "tried again after 60 min");

      passes(proxy, origin, 1);
      who.set(process(2, "pinning"));
      passes(proxy, origin, 2);
      who.set(process(3, "other"));
      decrypted(proxy, origin, 1);
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).hasSize(1);
      assertThat(proxy.traffic().all(TrafficEvent.TunnelFailed.class)).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"TLSv1.2,false", "TLSv1.3,false", "TLSv1.2,true", "TLSv1.3,true"})
  void whoLeavesAfterTheHandshakeWithoutARequestLikelyRejected(String version, boolean reset)
      throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER)) {
      try (var client = proxy.client()) {
        client.connect(authority(origin));
        SSLSocket tls = shake(client, trusting(proxy), version, "http/1.1");
        leave(client, tls, reset);
      }
      TrafficEvent.Warning warning = proxy.traffic().await(TrafficEvent.Warning.class);
      assertThat(warning.code()).isEqualTo("client_rejected_ca");
      assertThat(warning.text()).startsWith("pinning likely did not accept");
      assertThat(proxy.traffic().all(TrafficEvent.TunnelFailed.class)).hasSize(1);
      passes(proxy, origin, 1);
    }
  }

  /** It is here before the rejection is, and must not fail for that. */
  @Test
  void aConnectionThatIsBeingMadeWhenTheRejectionComesPassesToo() throws Exception {
    var held = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    var first = new AtomicBoolean(true);
    try (var origin = origin();
        var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        var proxy = proxy(RunningProxy.NEVER);
        var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 2; i++) {
        var _ =
            pool.submit(() -> {
              try (var socket = listener.accept()) {
                if (first.getAndSet(false)) {
                  held.countDown();
                  gate.await();
                }
                return serve(socket);
              }
            });
      }
      var second =
          pool.submit(() -> {
            call(proxy, "127.0.0.1:" + listener.getLocalPort(), UPSTREAM_CA.clientContext());
            return true;
          });
      held.await();
      refuse(proxy, origin);
      proxy.traffic().await(TrafficEvent.Warning.class);
      gate.countDown();
      assertThat(second.get(20, TimeUnit.SECONDS)).isTrue();
      assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class).why())
          .isEqualTo(TunnelReason.CLIENT_REJECTED_CA);
      assertThat(proxy.traffic().all(TrafficEvent.TunnelFailed.class)).hasSize(1);
      proxy.controller().close();
    }
  }

  /** Answers requests within TLS until the end. */
  private static boolean serve(Socket socket) throws IOException {
    var factory = UPSTREAM_CA.serverContext("127.0.0.1").getSocketFactory();
    try (var tls = (SSLSocket) factory.createSocket(socket, InputStream.nullInputStream(), true)) {
      var server = new RawClient(tls, tls.getInputStream(), tls.getOutputStream());
      server.readHead();
      server.send(OK);
      return server.in().read() < 0;
    } catch (EOFException _) {
      return false;
    }
  }

  @Test
  void theOvertureOfHttp2IsNoRequest() throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER)) {
      try (var client = proxy.client()) {
        client.connect(authority(origin));
        SSLSocket tls = shake(client, trusting(proxy), "TLSv1.3", "h2");
        tls.getOutputStream().write(OVERTURE.getBytes(ISO_8859_1));
        leave(client, tls, false);
      }
      assertThat(proxy.traffic().await(TrafficEvent.Warning.class).code())
          .isEqualTo("client_rejected_ca");
      passes(proxy, origin, 1);
    }
  }

  /** As Go does, which connects twice and uses the connection that is there first. */
  @Test
  void aSpareConnectionOfAProcessThatSentARequestIsNoRejection() throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER);
        var used = proxy.client()) {
      used.connect(authority(origin));
      var secured = used.secure(trusting(proxy), "127.0.0.1");
      secured.send(GET);
      secured.readHead();
      try (var spare = proxy.client()) {
        spare.connect(authority(origin));
        leave(spare, shake(spare, trusting(proxy), "TLSv1.3", "http/1.1"), false);
        awaitClosed(spare);
      }
      decrypted(proxy, origin, 2);
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).isEmpty();
      assertThat(proxy.traffic().all(TrafficEvent.TunnelFailed.class)).isEmpty();
    }
  }

  /** As browsers do, which connect before they know what to ask. */
  @Test
  void whoLeavesWithoutARequestMuchLaterIsNoRejection() throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER)) {
      try (var client = proxy.client()) {
        client.connect(authority(origin));
        SSLSocket tls = shake(client, trusting(proxy), "TLSv1.3", "http/1.1");
        tls.setSoTimeout(1_300);
        // Nothing comes in that time.
        assertThatThrownBy(() -> tls.getInputStream().read()).isInstanceOf(IOException.class);
        leave(client, tls, false);
        awaitClosed(client);
      }
      decrypted(proxy, origin, 1);
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoLeavesBecauseOfAStopIsNoRejection(boolean told) throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER)) {
      try (var client = proxy.client()) {
        client.connect(authority(origin));
        SSLSocket tls = shake(client, trusting(proxy), "TLSv1.3", "http/1.1");
        if (told) {
          proxy.controller().clientsAreEnded();
          leave(client, tls, false);
          awaitClosed(client);
        } else {
          proxy.controller().stop(Duration.ZERO);
          assertThat(tls.getInputStream().read()).isEqualTo(-1);
        }
      }
      proxy.controller().close();
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).isEmpty();
      assertThat(proxy.traffic().all(TrafficEvent.TunnelFailed.class)).isEmpty();
    }
  }

  @Test
  void aPortCheckIsNoRejection() throws Exception {
    try (var origin = origin();
        var proxy = proxy(RunningProxy.NEVER)) {
      try (var client = proxy.client()) {
        client.connect(authority(origin));
      }
      proxy.traffic().await(TrafficEvent.TunnelClosed.class);
      decrypted(proxy, origin, 1);
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).isEmpty();
    }
  }

  @Test
  void aClientThatAcceptsWhenItIsTriedAgainIsDecryptedFromThenOn() throws Exception {
    try (var origin = origin();
        var proxy = proxy(Duration.ZERO)) {
      refuse(proxy, origin);
      proxy.traffic().await(TrafficEvent.Warning.class);
      decrypted(proxy, origin, 1);
      decrypted(proxy, origin, 2);
      refuse(proxy, origin);
      proxy.traffic().await(TrafficEvent.TunnelFailed.class, 2);
      assertThat(proxy.traffic().all(TrafficEvent.Warning.class)).hasSize(1);
    }
  }

  private static ScriptedOrigin origin() throws IOException {
    return ScriptedOrigin.startTls(
        UPSTREAM_CA.serverContext("127.0.0.1"), ScriptedOrigin.answering(OK));
  }

  private RunningProxy proxy(Duration pause) throws ProxyStartException {
    return RunningProxy.start(
        plan ->
            RunningProxy.with(
                RunningProxy.with(plan, ProxyTimeouts.DEFAULT.withRejected(pause)),
                (client, listener) -> new ClientAnswer.Allowed(who.get())),
        List.of(UPSTREAM_CA.certificate()));
  }

  /** As a client that knows only the origin's own authority. */
  private static void refuse(RunningProxy proxy, ScriptedOrigin origin) throws IOException {
    try (var client = proxy.client()) {
      client.connect(authority(origin));
      assertThatThrownBy(() -> client.secure(UPSTREAM_CA.clientContext(), "127.0.0.1"))
          .isInstanceOf(SSLException.class);
    }
  }

  private static void passes(RunningProxy proxy, ScriptedOrigin origin, int count)
      throws IOException {
    call(proxy, authority(origin), UPSTREAM_CA.clientContext());
    assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class, count).why())
        .isEqualTo(TunnelReason.CLIENT_REJECTED_CA);
  }

  private static void decrypted(RunningProxy proxy, ScriptedOrigin origin, int count)
      throws IOException {
    call(proxy, authority(origin), trusting(proxy));
    proxy.traffic().await(TrafficEvent.ExchangeFinished.class, count);
  }

  private static void call(RunningProxy proxy, String authority, SSLContext context)
      throws IOException {
    try (var client = proxy.client()) {
      client.connect(authority);
      var secured = client.secure(context, "127.0.0.1");
      secured.send(GET);
      assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
      assertThat(secured.read(2)).isEqualTo("hi");
    }
  }

  private static SSLSocket shake(
      RawClient client, SSLContext context, String version, String protocol) throws IOException {
    var tls =
        (SSLSocket) context.getSocketFactory().createSocket(client.socket(), "127.0.0.1", 1, false);
    tls.setEnabledProtocols(new String[] {version});
    var parameters = tls.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {protocol});
    tls.setSSLParameters(parameters);
    tls.startHandshake();
    assertThat(tls.getApplicationProtocol()).isEqualTo(protocol);
    return tls;
  }

  /** With TLS's farewell and the end of the output, or with a reset. */
  private static void leave(RawClient client, SSLSocket tls, boolean reset) throws IOException {
    if (reset) {
      client.reset();
    } else {
      tls.shutdownOutput();
      client.socket().shutdownOutput();
    }
  }

  /** Reads until the proxy, too, has closed. */
  private static void awaitClosed(RawClient client) throws IOException {
    client.readAll();
  }

  private static SSLContext trusting(RunningProxy proxy) {
    return TestCa.clientContext(proxy.ca().certificate());
  }

  private static String authority(ScriptedOrigin origin) {
    return "127.0.0.1:" + origin.port();
  }

  private static ClientProcess process(long pid, String name) {
    return new ClientProcess(OptionalLong.of(pid), Optional.of(name), true);
  }
}
