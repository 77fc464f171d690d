package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SocksTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  private static final String GREETING = "\5\1\0";
  private static final String ACCEPTED = "\5\0";
  private static final String CONNECTED = "\5\0\0\1\0\0\0\0\0\0";
  private static final String CONNECTED_4 = "\0\132\0\0\0\0\0\0";
  private static final TestCa UPSTREAM_CA = TestCa.create();

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1"})
  void aNameIsServedAsAfterAConnect(String host) throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      assertThat(connect(client, named(host, origin.port()))).isEqualTo(CONNECTED);
      client.send(GET);
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(client.read(2)).isEqualTo("hi");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).status())
          .isEqualTo(200);
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://" + host + ":" + origin.port() + "/x");
    }
  }

  @Test
  void tlsIsDecrypted() throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("localhost"), ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> plan, List.of(UPSTREAM_CA.certificate()));
        var client = proxy.client()) {
      assertThat(connect(client, named("localhost", origin.port()))).isEqualTo(CONNECTED);
      var secured = client.secure(trusting(proxy), "localhost");
      secured.send(GET);
      assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("https://localhost:" + origin.port() + "/x");
    }
  }

  @Test
  void socks4AndItsNamesAreServed() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start()) {
      String port = port(origin.port());
      for (String request :
          List.of("\4\1" + port + "\177\0\0\1me\0", "\4\1" + port + "\0\0\0\7me\0localhost\0")) {
        try (var client = proxy.client()) {
          assertThat(client.send(request).read(8)).isEqualTo(CONNECTED_4);
          client.send(GET);
          assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        }
      }
    }
  }

  @Test
  void anAddressOfIpv6IsServed() throws Exception {
    try (var origin = ScriptedOrigin.start("::1", null, ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      String request = "\5\1\0\4" + "\0".repeat(15) + "\1" + port(origin.port());
      assertThat(connect(client, request)).isEqualTo(CONNECTED);
      client.send(GET);
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://[::1]:" + origin.port() + "/x");
    }
  }

  @Test
  void whatIsNeitherTlsNorHttpGoesThroughAsItIs() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.send("220 ready\r\n");
              connection.send(connection.read(6));
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      connect(client, named("localhost", origin.port()));
      assertThat(client.read(11)).isEqualTo("220 ready\r\n");
      client.send("QUIT\r\n");
      assertThat(client.readAll()).isEqualTo("QUIT\r\n");
      assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class).why())
          .isEqualTo(TunnelReason.NOT_TLS);
    }
  }

  @Test
  void aClientNeedNotWaitForAnyAnswer() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(GREETING + named("localhost", origin.port()) + GET);
      assertThat(client.read(12)).isEqualTo(ACCEPTED + CONNECTED);
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void everyByteMayComeAlone() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      for (char each : (GREETING + named("localhost", origin.port()) + GET).toCharArray()) {
        client.send(String.valueOf(each));
      }
      assertThat(client.read(12)).isEqualTo(ACCEPTED + CONNECTED);
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void passthroughIsATunnel() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> connection.send(connection.read(5) + "pong"));
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    plan, plan.interception(), List.of(HostPattern.of("localhost"))));
        var client = proxy.client()) {
      connect(client, named("localhost", origin.port()));
      client.send("GET /");
      assertThat(client.readAll()).isEqualTo("GET /pong");
      assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class).why())
          .isEqualTo(TunnelReason.PASSTHROUGH);
    }
  }

  @Test
  void whatCannotBeReachedIsToldInItsOwnCode() throws Exception {
    int closed;
    try (var origin = ScriptedOrigin.start(connection -> connection.drain())) {
      closed = origin.port();
    }
    try (var proxy = RunningProxy.start()) {
      assertThat(answer(proxy, GREETING + named("127.0.0.1", closed))).startsWith("\5\5\0\1");
      assertThat(answer(proxy, "\4\1" + port(closed) + "\177\0\0\1\0"))
          .isEqualTo("\0\133\0\0\0\0\0\0");
      assertThat(answer(proxy, GREETING + named("no-such-host.invalid", 80)))
          .startsWith("\5\4\0\1");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class, 3);
      assertThat(failed.error()).isEqualTo(FailureKind.DNS);
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).request().target())
          .isEqualTo("127.0.0.1:" + closed);
    }
  }

  @Test
  void whatDoesNotAnswerInTimeIsToldSo() throws Exception {
    try (var silent = SilentListener.start();
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    plan, ProxyTimeouts.DEFAULT.withConnect(Duration.ofMillis(200))))) {
      assertThat(answer(proxy, GREETING + named("127.0.0.1", silent.port())))
          .startsWith("\5\6\0\1");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1", "::1"})
  void theProxyItselfIsNotReached(String host) throws Exception {
    try (var proxy = RunningProxy.start()) {
      int own = proxy.controller().address().getPort();
      assertThat(answer(proxy, GREETING + named(host, own))).startsWith("\5\2\0\1");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("loop");
    }
  }

  @ParameterizedTest
  @CsvSource({"2, BIND", "3, UDP ASSOCIATE", "9, command 9"})
  void otherCommandsAreRefused(int command, String named) throws Exception {
    try (var proxy = RunningProxy.start()) {
      assertThat(answer(proxy, GREETING + "\5" + (char) command + "\0\1\0\0\0\0\0\0"))
          .startsWith("\5\7\0\1");
      var refused = proxy.traffic().await(TrafficEvent.ConnectionRefused.class);
      assertThat(refused.error()).isEqualTo("unsupported");
      assertThat(refused.detail()).contains(named);
    }
  }

  @Test
  void aCommandOfSocks4IsRefusedToo() throws Exception {
    try (var proxy = RunningProxy.start()) {
      assertThat(answer(proxy, "\4\2\0\120\177\0\0\1\0")).startsWith("\0\133");
    }
  }

  @Test
  void whatIsMalformedIsRefusedAtItsPlace() throws Exception {
    try (var proxy = RunningProxy.start()) {
      // No method that is served; then messages of another version, type, reserved byte, and names.
      checkRefused(proxy, 1, "\5\377" + "\3".repeat(255), "\5\377", 2);
      checkRefused(proxy, 2, "\5\0", "\5\377", 2);
      checkRefused(proxy, 3, GREETING + "\4\1\0\1\177\0\0\1\0\120", "\5\1", 3);
      checkRefused(proxy, 4, GREETING + "\5\1\0\7\177\0\0\1\0\120", "\5\10", 6);
      checkRefused(proxy, 5, GREETING + "\5\1\11\1\177\0\0\1\0\120", "\5\1", 5);
      String zeros = "a\0".repeat(127) + "\r";
      checkRefused(proxy, 6, GREETING + named(zeros, 80), "\5\1", 8);
      checkRefused(proxy, 7, GREETING + named("localhost", 0), "\5\1", 19);
      checkRefused(proxy, 8, "\4\1\0\120\177\0\0\1" + "u".repeat(300), "\0\133", 8);
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeStarted.class)).isEmpty();
    }
  }

  private static void checkRefused(
      RunningProxy proxy, int count, String sent, String reply, long at) throws IOException {
    assertThat(answer(proxy, sent)).startsWith(reply);
    var refused = proxy.traffic().await(TrafficEvent.ConnectionRefused.class, count);
    assertThat(refused.error()).isEqualTo("malformed");
    assertThat(refused.at()).isEqualTo(OptionalLong.of(at));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\5", "\5\2\0", "\5\1\0\5\1\0\3\20half", "\4", "\4\1\0\120\177\0\0\1me"})
  void aHandshakeThatEndsEarlyIsRefused(String start) throws Exception {
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(start).socket().shutdownOutput();
      client.readAll();
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).at())
          .isEqualTo(OptionalLong.of(start.length()));
    }
  }

  @Test
  void aClientThatIsCutWithinTheHandshakeLeavesNothing() throws Exception {
    try (var proxy = RunningProxy.start()) {
      var client = proxy.client();
      assertThat(client.send(GREETING).read(2)).isEqualTo(ACCEPTED);
      client.send("\5\1\0").reset();
    }
  }

  @Test
  void aSilentHandshakeEndsWithTheIdleTimeOut() throws Exception {
    try (var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(plan, ProxyTimeouts.DEFAULT.withIdle(Duration.ofMillis(500))));
        var client = proxy.client()) {
      assertThat(client.send(GREETING + "\5\1").readAll()).isEqualTo(ACCEPTED);
    }
  }

  @Test
  void aStopDoesNotWaitForAHandshake() throws Exception {
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      assertThat(client.send(GREETING).read(2)).isEqualTo(ACCEPTED);
      proxy.controller().stop(RunningProxy.NEVER);
      assertThat(proxy.controller().await()).isEqualTo(new ProxyEnd.Closed(0));
    }
  }

  @Test
  void anotherUserIsRefused() throws Exception {
    ClientCheck other = (client, listener) -> new ClientAnswer.OtherUser("user 1");
    try (var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, other));
        var client = proxy.client()) {
      assertThat(client.send(GREETING).readAll()).startsWith("HTTP/1.1 403").contains("user 1");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("other_user");
    }
  }

  @Test
  void theTunnelKnowsItsProcess() throws Exception {
    var process = new ClientProcess(OptionalLong.of(42), Optional.of("curl"), true);
    ClientCheck known = (client, listener) -> new ClientAnswer.Allowed(process);
    try (var origin = ScriptedOrigin.start(connection -> connection.send(connection.read(1)));
        var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, known));
        var client = proxy.client()) {
      connect(client, named("localhost", origin.port()));
      assertThat(client.send("\1").readAll()).isEqualTo("\1");
      assertThat(proxy.traffic().await(TrafficEvent.TunnelOpened.class).client())
          .isEqualTo(process);
    }
  }

  private static String connect(RawClient client, String request) throws IOException {
    assertThat(client.send(GREETING).read(2)).isEqualTo(ACCEPTED);
    return client.send(request).read(10);
  }

  /** What a client gets for this, without the answer to its greeting. */
  private static String answer(RunningProxy proxy, String sent) throws IOException {
    try (var client = proxy.client()) {
      String all = client.send(sent).readAll();
      return sent.startsWith(GREETING) ? all.substring(2) : all;
    }
  }

  private static String named(String host, int port) {
    return "\5\1\0\3" + (char) host.length() + host + port(port);
  }

  private static String port(int port) {
    return new String(new byte[] {(byte) (port >> 8), (byte) port}, ISO_8859_1);
  }

  private static SSLContext trusting(RunningProxy proxy) {
    return TestCa.clientContext(proxy.ca().certificate());
  }
}
