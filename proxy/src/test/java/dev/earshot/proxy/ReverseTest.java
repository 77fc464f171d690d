package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReverseTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET /x?y HTTP/1.1\r\nHost: other.example\r\nA: b\r\n\r\n";
  private static final String SWITCHED =
      "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  private static final TestCa UPSTREAM_CA = TestCa.create();

  private final List<String> heads = new CopyOnWriteArrayList<>();

  private ScriptedOrigin origin() throws IOException {
    return ScriptedOrigin.start(connection -> {
      while (connection.readHeadOrEnd()) {
        heads.add(connection.head());
        connection.send(OK);
      }
    });
  }

  @Test
  void requestsGoToTheTargetWithItsName() throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var client = client(proxy)) {
      for (int i = 0; i < 2; i++) {
        client.send(GET);
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        assertThat(client.read(2)).isEqualTo("hi");
      }
      String host = "localhost:" + origin.port();
      assertThat(heads)
          .containsOnly("GET /x?y HTTP/1.1\r\nHost: " + host + "\r\nA: b\r\n\r\n")
          .hasSize(2);
      assertThat(origin.connections()).isEqualTo(1);
      var started = proxy.traffic().await(TrafficEvent.ExchangeStarted.class, 2);
      assertThat(started.url()).isEqualTo("http://" + host + "/x?y");
      assertThat(started.host()).isEqualTo("localhost");
      assertThat(started.reused()).isTrue();
    }
  }

  @Test
  void aRequestThatNamesAnotherHostGoesToTheTargetToo() throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var client = client(proxy)) {
      String host = "localhost:" + origin.port();
      for (String target : List.of("http://other.example/a", "http://other.example", "/", "*")) {
        client.send("OPTIONS " + target + " HTTP/1.1\r\nHost: other.example\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        assertThat(client.read(2)).isEqualTo("hi");
      }
      assertThat(heads.stream().map(head -> head.lines().findFirst().orElseThrow()))
          .containsExactly(
              "OPTIONS /a HTTP/1.1",
              "OPTIONS / HTTP/1.1",
              "OPTIONS / HTTP/1.1",
              "OPTIONS * HTTP/1.1");
      assertThat(heads).allMatch(head -> head.contains("Host: " + host + "\r\n"));
    }
  }

  @Test
  void whatIsAmbiguousOrForAProxyIsRefused() throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port())) {
      try (var client = client(proxy)) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
        assertThat(client.readAll()).startsWith("HTTP/1.1 400");
      }
      try (var client = client(proxy)) {
        client.send("CONNECT host:1 HTTP/1.1\r\nHost: host:1\r\n\r\n");
        assertThat(client.readAll()).startsWith("HTTP/1.1 501");
      }
      assertThat(heads).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\5\1\0", "\0\0\0", "SSH-2.0-x\r\n", "get / HTTP/1.1\r\n"})
  void whatIsNeitherHttpNorTlsIsRefused(String sent) throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var client = client(proxy)) {
      assertThat(client.send(sent).readAll()).startsWith("HTTP/1.1 400").contains("takes HTTP for");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("malformed");
      assertThat(origin.connections()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1"})
  void tlsEndsHere(String host) throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var client = client(proxy)) {
      var secured = client.secure(trusting(proxy), host);
      secured.send(GET);
      assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://localhost:" + origin.port() + "/x?y");
    }
  }

  /** As a client of an address does: then the certificate is for that. */
  @Test
  void tlsWithoutAServerNameIsForTheAddress() throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var client = client(proxy)) {
      var factory = trusting(proxy).getSocketFactory();
      var tls = (SSLSocket) factory.createSocket(client.socket(), "127.0.0.1", 1, true);
      var parameters = tls.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      tls.setSSLParameters(parameters);
      tls.startHandshake();
      assertThat(tls.getSession().isValid()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTargetOverTlsIsVerified(boolean trusted) throws Exception {
    try (var origin =
            ScriptedOrigin.startTls(
                UPSTREAM_CA.serverContext("localhost"), ScriptedOrigin.answering(OK));
        var proxy =
            RunningProxy.start(
                plan -> RunningProxy.with(plan, rule("https://localhost:" + origin.port())),
                trusted ? List.of(UPSTREAM_CA.certificate()) : List.of());
        var plain = client(proxy);
        var secure = client(proxy)) {
      String status = trusted ? "HTTP/1.1 200" : "HTTP/1.1 502";
      assertThat(plain.send(GET).readHead()).startsWith(status);
      var secured = secure.secure(trusting(proxy), "localhost");
      assertThat(secured.send(GET).readHead()).startsWith(status);
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class, 2).url())
          .isEqualTo("https://localhost:" + origin.port() + "/x?y");
    }
  }

  @Test
  void http2WithoutTlsGoesOnAsSuch() throws Exception {
    try (var listener = Http2Peer.listener();
        var proxy = to("http://127.0.0.1:" + listener.getLocalPort());
        var client = Http2Peer.client(client(proxy).socket())) {
      client.headers(1, Http2Peer.END_STREAM, Http2Peer.request("GET", "/"));
      try (var origin = Http2Peer.server(listener)) {
        assertThat(origin.await(Http2Peer.HEADERS).headers())
            .containsEntry(":authority", "127.0.0.1:" + listener.getLocalPort())
            .containsEntry(":path", "/")
            .containsEntry(":scheme", "http");
        origin.headers(3, Http2Peer.END_STREAM, ":status", "204");
        assertThat(client.await(Http2Peer.HEADERS).headers()).containsEntry(":status", "204");
      }
    }
  }

  @Test
  void aWebSocketPasses() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(SWITCHED);
              connection.send(connection.read(4));
            });
        var proxy = to("http://localhost:" + origin.port());
        var client = client(proxy)) {
      client.send(
          "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 101");
      assertThat(client.send("ping").read(4)).isEqualTo("ping");
    }
  }

  @Test
  void aTargetThatIsNotThereIsA502() throws Exception {
    int closed;
    try (var origin = origin()) {
      closed = origin.port();
    }
    try (var proxy = to("http://localhost:" + closed);
        var client = client(proxy)) {
      assertThat(client.send(GET).readHead()).startsWith("HTTP/1.1 502");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.CONNECT);
    }
  }

  @Test
  void aTargetThatIsThisProxyIsNotReached() throws Exception {
    int port;
    try (var free = origin()) {
      port = free.port();
    }
    try (var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(plan, ReverseRule.parse(port + "=http://127.0.0.1:" + port)));
        var client = client(proxy)) {
      assertThat(client.send(GET).readHead()).startsWith("HTTP/1.1 403");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("loop");
    }
  }

  /** What honours the command's variables comes by the proxy even so, and is told once. */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "connect", "socks"})
  void theListenerIsReachedByTheProxyToo(String way) throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var client = proxy.client()) {
      int port = proxy.controller().reverse().getFirst().address().getPort();
      String here = "127.0.0.1:" + port;
      switch (way) {
        case "plain" ->
            client.send("GET http://%s/x HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(here, here));
        case "connect" -> {
          assertThat(client.connect(here)).startsWith("HTTP/1.1 200");
          client.send("GET /x HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(here));
        }
        default -> {
          String bytes = "" + (char) (port >> 8) + (char) (port & 255);
          client.send("\5\1\0\5\1\0\1\177\0\0\1" + bytes).read(12);
          client.send("GET /x HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(here));
        }
      }
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(heads).singleElement().asString().contains("Host: localhost:" + origin.port());
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://localhost:" + origin.port() + "/x");
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeStarted.class)).hasSize(1);
    }
  }

  @Test
  void anotherProxyIsNotAskedForTheLoopback() throws Exception {
    var proxies =
        (UpstreamProxies.Parsed.Usable) UpstreamProxies.explicit("http://192.0.2.1:3128", "");
    try (var origin = origin();
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, proxies.proxies()),
                    rule("http://127.0.0.1:" + origin.port())));
        var client = client(proxy)) {
      assertThat(client.send(GET).readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void withoutInterceptionTlsIsRefused() throws Exception {
    try (var origin = origin();
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, new Interception.Off(), List.of()),
                    rule("http://localhost:" + origin.port())))) {
      try (var client = client(proxy)) {
        assertThatThrownBy(() -> client.secure(trusting(proxy), "localhost"))
            .isInstanceOfAny(SSLException.class, IOException.class);
        assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).detail())
            .contains("nothing is decrypted");
      }
      try (var client = client(proxy)) {
        assertThat(client.send(GET).readHead()).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void credentialsOfTheProxyAreNotAskedForHere() throws Exception {
    try (var origin = origin();
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, ProxyCredentials.parse("u:p")),
                    rule("http://localhost:" + origin.port())));
        var client = client(proxy)) {
      assertThat(client.send(GET).readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void anotherUserIsRefused() throws Exception {
    ClientCheck other = (client, listener) -> new ClientAnswer.OtherUser("user 1");
    try (var origin = origin();
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, other), rule("http://localhost:" + origin.port())));
        var client = client(proxy)) {
      assertThat(client.send(GET).readAll()).startsWith("HTTP/1.1 403");
    }
  }

  @Test
  void aPortInUseIsSaidSo() throws Exception {
    try (var taken = origin()) {
      assertThatThrownBy(() ->
              RunningProxy.start(
                  plan -> RunningProxy.with(plan, ReverseRule.parse(taken.port() + "=http://h"))))
          .isInstanceOf(ProxyStartException.class)
          .hasMessage(
              "cannot listen on 127.0.0.1:%d for --reverse: the port is in use"
                  .formatted(taken.port()));
    }
  }

  @Test
  void aStopClosesTheListenerAndWhoIsSilent() throws Exception {
    try (var origin = origin();
        var proxy = to("http://localhost:" + origin.port());
        var silent = client(proxy);
        var later = client(proxy)) {
      // Who came before it was accepted before it.
      assertThat(later.send(GET).readHead()).startsWith("HTTP/1.1 200");
      InetSocketAddress address = proxy.controller().reverse().getFirst().address();
      // What nobody has accepted yet is reset when its listener closes.
      silent.send(GET);
      assertThat(silent.readHead()).startsWith("HTTP/1.1 200");
      assertThat(silent.read(2)).isEqualTo("hi");
      proxy.controller().stop(RunningProxy.NEVER);
      assertThat(proxy.controller().await()).isEqualTo(new ProxyEnd.Closed(0));
      assertThat(silent.readAll()).isEmpty();
      assertThatThrownBy(() -> RawClient.connect(address)).isInstanceOf(ConnectException.class);
    }
  }

  private static ReverseRule rule(String target) {
    return ReverseRule.parse("0=" + target);
  }

  private static RunningProxy to(String target) throws ProxyStartException {
    return RunningProxy.start(plan -> RunningProxy.with(plan, rule(target)));
  }

  private static RawClient client(RunningProxy proxy) throws IOException {
    return RawClient.connect(proxy.controller().reverse().getFirst().address());
  }

  private static SSLContext trusting(RunningProxy proxy) {
    return TestCa.clientContext(proxy.ca().certificate());
  }
}
