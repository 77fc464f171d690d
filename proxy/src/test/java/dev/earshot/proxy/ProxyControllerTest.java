package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyControllerTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  /** What it sends may be here before anybody listens to it. */
  @Test
  void aClientThatEndsItsOutputAtOnceIsServedAllTheSame() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start()) {
      for (int i = 0; i < 200; i++) {
        try (var client = proxy.client()) {
          String host = "127.0.0.1:" + origin.port();
          client.send("GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(host, host));
          client.socket().shutdownOutput();
          assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        }
      }
    }
  }

  @Test
  void aRequestIsForwardedInOriginFormAndRecorded() throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (var origin =
            ScriptedOrigin.start(connection -> {
              seen.add(connection.readHead() + connection.read(3));
              connection.send(
                  "HTTP/1.1 201 Made it\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nhi");
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      String authority = "127.0.0.1:" + origin.port();
      client.send(
          "POST http://"
              + authority
              + "/a?b HTTP/1.1\r\nhost: "
              + authority
              + "\r\n"
              + "Proxy-Connection: keep-alive\r\nX-Hop: 1\r\nConnection: x-hop\r\n"
              + "cOnTent-length: 3\r\nProxy-Authorization: Basic eA==\r\n\r\nabc");
      assertThat(client.readHead())
          .isEqualTo("HTTP/1.1 201 Made it\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\n");
      assertThat(client.read(2)).isEqualTo("hi");
      assertThat(seen)
          .containsExactly(
              "POST /a?b HTTP/1.1\r\nhost: " + authority + "\r\ncOnTent-length: 3\r\n\r\nabc");
      var started = proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      assertThat(started.url()).isEqualTo("http://" + authority + "/a?b");
      assertThat(started.reused()).isFalse();
      var response = proxy.traffic().await(TrafficEvent.ResponseStarted.class);
      assertThat(response.remote()).isEqualTo(authority);
      var finished = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(finished.status()).isEqualTo(201);
      assertThat(finished.requestBytes()).isEqualTo(3);
      assertThat(finished.responseBytes()).isEqualTo(2);
      assertThat(finished.timings().connect()).isPositive();
      assertThat(finished.timings().tls()).isEqualTo(-1);
    }
  }

  @Test
  void twoRequestsShareOneUpstreamConnection() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      for (int i = 0; i < 2; i++) {
        client.send(get(origin, "/"));
        client.readHead();
        client.read(2);
      }
      assertThat(origin.connections()).isEqualTo(1);
      proxy.traffic().await(TrafficEvent.ExchangeFinished.class, 2);
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeStarted.class))
          .extracting(TrafficEvent.ExchangeStarted::reused)
          .containsExactly(false, true);
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              while (connection.readHeadOrEnd()) {
                String path = connection.head().substring(4, 6);
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + path);
              }
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin, "/1") + get(origin, "/2") + get(origin, "/3"));
      for (int i = 1; i <= 3; i++) {
        client.readHead();
        assertThat(client.read(2)).isEqualTo("/" + i);
      }
    }
  }

  @Test
  void chunksExtensionsAndTrailersGoThroughAsTheyAre() throws Exception {
    String body = "3;x=\"y\"\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              seen.add(connection.read(body.length()));
              connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(
          "POST http://127.0.0.1:"
              + origin.port()
              + "/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              + body);
      assertThat(client.readHead()).contains("Transfer-Encoding: chunked");
      assertThat(client.read(body.length())).isEqualTo(body);
      assertThat(seen).containsExactly(body);
      var finished = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(finished.trailers()).containsExactly(new Header("X-T", "1"));
      assertThat(finished.requestBytes()).isEqualTo(3);
      assertThat(finished.responseBytes()).isEqualTo(3);
    }
  }

  @Test
  void anOldClientGetsTheBodyWithoutItsChunks() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
              connection.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
              connection.drain();
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send("GET http://127.0.0.1:" + origin.port() + "/ HTTP/1.0\r\n\r\n");
      assertThat(client.readHead()).doesNotContain("chunked").contains("Connection: close");
      assertThat(client.readAll()).isEqualTo("abcde");
    }
  }

  @Test
  void eachEventOfAStreamReachesTheClientAtOnce() throws Exception {
    var gate = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(
                  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
              connection.hold(gate);
              connection.send("data: 2\n\n");
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin, "/"));
      client.readHead();
      assertThat(client.read(9)).isEqualTo("data: 1\n\n");
      gate.countDown();
      assertThat(client.readAll()).isEqualTo("data: 2\n\n");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).responseBytes())
          .isEqualTo(18);
    }
  }

  @ParameterizedTest
  @CsvSource({"HEAD, 200", "GET, 204", "GET, 304"})
  void aResponseWithoutABodyIsComplete(String method, int status) throws Exception {
    String head = "HTTP/1.1 " + status + " Fine\r\nContent-Length: 10\r\n\r\n";
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(head));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      for (int i = 0; i < 2; i++) {
        client.send(get(origin, "/").replaceFirst("GET", method));
        assertThat(client.readHead()).isEqualTo(head);
      }
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @Test
  void aClientMayWaitFor100Continue() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              assertThat(connection.readHead()).contains("Expect: 100-continue");
              connection.send("HTTP/1.1 100 Continue\r\n\r\n");
              connection.read(2);
              connection.send(OK);
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(
          "POST http://127.0.0.1:"
              + origin.port()
              + "/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
      assertThat(client.readHead()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      client.send("ab");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aClientWhoseExpectationFailedNeedNotSendItsBody() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
              connection.drain();
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(
          "POST http://127.0.0.1:"
              + origin.port()
              + "/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 417").contains("Connection: close");
      client.socket().shutdownOutput();
      assertThat(client.readAll()).isEmpty();
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).status())
          .isEqualTo(417);
    }
  }

  @Test
  void aClientThatEndedItsOutputGetsTheResponse() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin, "/"));
      client.socket().shutdownOutput();
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(client.readAll()).isEqualTo("hi");
    }
  }

  @Test
  void anUpgradeBecomesARelay() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              assertThat(connection.readHead())
                  .contains("Connection: Upgrade\r\n", "Upgrade: echo\r\n");
              connection.send(
                  "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n!");
              connection.send(connection.read(4));
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(
          "GET http://127.0.0.1:"
              + origin.port()
              + "/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n");
      assertThat(client.readHead()).contains("101", "Upgrade: echo");
      assertThat(client.read(1)).isEqualTo("!");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("ping");
      client.socket().close();
      var finished = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(finished.status()).isEqualTo(101);
      assertThat(finished.requestBytes()).isEqualTo(4);
      assertThat(finished.responseBytes()).isEqualTo(5);
    }
  }

  @Test
  void aRequestOnAStaleConnectionIsSentAgain() throws Exception {
    var first = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(OK);
              if (first.getCount() == 1) {
                first.countDown();
                connection.readHead();
                connection.reset();
              }
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      for (int i = 0; i < 2; i++) {
        client.send(get(origin, "/"));
        client.readHead();
        client.read(2);
      }
      assertThat(origin.connections()).isEqualTo(2);
    }
  }

  @Test
  void aPostOnAStaleConnectionIsNotSentTwice() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(OK);
              connection.readHead();
              connection.reset();
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin, "/"));
      client.readHead();
      client.read(2);
      client.send(
          "POST http://127.0.0.1:"
              + origin.port()
              + "/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
      assertThat(client.readHead()).startsWith("HTTP/1.1 502").contains("earshot-error: reset");
      assertThat(origin.connections()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
        "HTTP/1.1 101 Why\r\n\r\n",
        "not http at all\r\n\r\n"
      })
  void aMalformedResponseIsA502ThatSaysWhatToTry(String response) throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(response));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin, "/").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
      assertThat(client.readAll())
          .startsWith("HTTP/1.1 502")
          .contains("earshot-error: malformed", "--passthrough 127.0.0.1");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.MALFORMED);
    }
  }

  @Test
  void anUpstreamThatRefusesIsAnHonest502() throws Exception {
    int port;
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK))) {
      port = origin.port();
    }
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send("GET http://127.0.0.1:" + port + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 502").contains("earshot-error: connect");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).detail())
          .contains("127.0.0.1:" + port, "connection refused");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1%r%nHost: x%r%n%r%n",
        "GET http://x/ HTTP/1.1%nHost: x%r%n%r%n",
        "GET http://x/ HTTP/1.1%r%nHost: x%r%nHost: y%r%n%r%n",
        "GET http://u:p@x/ HTTP/1.1%r%nHost: x%r%n%r%n",
        "POST http://x/ HTTP/1.1%r%nContent-Length: 1%r%nTransfer-Encoding: chunked%r%n%r%n",
        "POST http://x/ HTTP/1.1%r%nContent-Length: 1%r%nContent-Length: 1%r%n%r%n",
        "POST http://x/ HTTP/1.1%r%nContent-Length : 1%r%n%r%n",
        "POST http://x/ HTTP/1.1%r%nTransfer-Encoding: xchunked%r%n%r%n",
        "POST http://x/ HTTP/1.1%r%nX: a%r%n Transfer-Encoding: chunked%r%n%r%n",
        "CONNECT x HTTP/1.1%r%nHost: x%r%n%r%n"
      })
  void whatCannotBeTrustedIsRefused(String request) throws Exception {
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(HeadParserTest.unescaped(request));
      assertThat(client.readAll())
          .startsWith("HTTP/1.1 400")
          .contains("earshot-error: malformed", "Connection: close");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("malformed");
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeStarted.class)).isEmpty();
    }
  }

  @Test
  void anOversizedHeadIsRefusedWith431() throws Exception {
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send("GET http://x/ HTTP/1.1\r\nX: " + "y".repeat(70_000));
      assertThat(client.readHead()).startsWith("HTTP/1.1 431");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("too_large");
    }
  }

  @Test
  void badChunksWithinARequestEndTheExchange() throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(
          "POST http://127.0.0.1:"
              + origin.port()
              + "/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
      assertThat(client.readAll()).startsWith("HTTP/1.1 400");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.MALFORMED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.0.0.2"})
  void theProxyDoesNotForwardToItself(String host) throws Exception {
    try (var proxy = RunningProxy.start();
        var client = proxy.client()) {
      String authority = host + ":" + proxy.controller().address().getPort();
      client.send("GET http://" + authority + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.readAll()).startsWith("HTTP/1.1 403").contains("earshot-error: loop");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("loop");
    }
  }

  @Test
  void anotherUsersClientIsRefused() throws Exception {
    try (var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    plan, (ClientCheck) (from, to) -> new ClientAnswer.OtherUser("uid 1234")));
        var client = proxy.client()) {
      client.send("GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.readAll()).startsWith("HTTP/1.1 403").contains("uid 1234");
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("other_user");
    }
  }

  @Test
  void aClientThatLeftWithoutAWordIsNotTold() throws Exception {
    try (var proxy =
        RunningProxy.start(
            plan -> RunningProxy.with(plan, (ClientCheck) (from, to) -> new ClientAnswer.Gone()))) {
      try (var silent = proxy.client()) {
        silent.socket().shutdownOutput();
        assertThat(silent.readAll()).isEmpty();
      }
      try (var client = proxy.client()) {
        client.send("GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(client.readAll()).startsWith("HTTP/1.1 403").contains("client_gone");
      }
      assertThat(proxy.traffic().all(TrafficEvent.ConnectionRefused.class))
          .extracting(TrafficEvent.ConnectionRefused::error)
          .containsExactly("client_gone");
    }
  }

  @Test
  void anOriginOnlyOnIpv6IsFoundByLocalhost() throws Exception {
    try (var origin = ScriptedOrigin.start("::1", null, ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send("GET http://localhost:" + origin.port() + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void allAddressesOfIpv4AreNotThoseOfIpv6(boolean best) throws Exception {
    var any = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
    try (var proxy =
        RunningProxy.start(
            plan -> RunningProxy.with(plan, any),
            List.of(),
            best ? Transport.best() : Transport.portable())) {
      assertThat(proxy.controller().address().getAddress()).isEqualTo(any.getAddress());
      int port = proxy.controller().address().getPort();
      for (String reached : List.of("127.0.0.1", "127.0.0.2")) {
        RawClient.connect(new InetSocketAddress(InetAddress.ofLiteral(reached), port)).close();
      }
      assertThatThrownBy(
              () -> RawClient.connect(new InetSocketAddress(InetAddress.ofLiteral("::1"), port)))
          .isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void aPortInUseIsSaidSo() throws Exception {
    try (var proxy = RunningProxy.start()) {
      assertThatThrownBy(() ->
              RunningProxy.start(plan ->
                  new ProxyPlan(
                      proxy.controller().address(),
                      plan.interception(),
                      plan.passthrough(),
                      plan.upstreamTls(),
                      plan.upstreamProxies(),
                      plan.limits(),
                      plan.timeouts(),
                      plan.clients(),
                      plan.credentials(),
                      plan.reverse())))
          .isInstanceOf(ProxyStartException.class)
          .hasMessage(
              "cannot listen on 127.0.0.1:%d: the port is in use",
              proxy.controller().address().getPort());
    }
  }

  private static String get(ScriptedOrigin origin, String path) {
    return "GET http://127.0.0.1:" + origin.port() + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
}
