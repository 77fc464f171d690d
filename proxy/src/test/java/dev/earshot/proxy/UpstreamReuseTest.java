package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A connection on which anything was in doubt has no second request. */
class UpstreamReuseTest {
  private static final TestCa CA = TestCa.create();
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String FRESH = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET  | 200 OK%r%nContent-Length: 2%r%n%r%nhi#                       | finished
          GET  | 200 OK%r%nContent-Length: 2%r%n%r%nhiHTTP/1.1 100 Continue%r%n%r%n | finished
          GET  | 200 OK%r%nTransfer-Encoding: chunked%r%n%r%n2%r%nhi%r%n0%r%n%r%n# | finished
          GET  | 200 OK%r%nContent-Length: 0%r%n%r%n#                         | finished
          HEAD | 200 OK%r%nContent-Length: 2%r%n%r%nhi                        | finished
          GET  | 204 No Content%r%n%r%nhi                                     | finished
          GET  | 304 Not Modified%r%nContent-Length: 2%r%n%r%nhi              | finished
          GET  | 200 OK%r%nConnection: close%r%nContent-Length: 2%r%n%r%nhi   | finished
          GET  | 200 OK%r%nConnection: keep-alive, CLOSE%r%nContent-Length: 2%r%n%r%nhi | finished
          GET  | 200 OK%r%nTransfer-Encoding: chunked%r%n%r%n2%r%nhi%r%n0%r%nbad trailer%r%n%r%n | failed
          GET  | 200 OK%r%nTransfer-Encoding: chunked%r%n%r%nzz%r%nhi         | failed
          GET  | 200 OK%r%nTransfer-Encoding: chunked%r%n%r%n2%r%nhi0%r%n%r%n | failed
          GET  | 200 OK%r%nContent-Length: 2%r%nContent-Length: 3%r%n%r%nhi   | failed
          GET  | 101 Switching Protocols%r%nUpgrade: x%r%n%r%n                | failed
          """)
  void afterDoubtsTheNextRequestHasANewConnection(String method, String response, String end)
      throws Exception {
    String first = "HTTP/1.1 " + HeadParserTest.unescaped(response).replace("#", FRESH);
    assertThat(isAskedAgain(method, first, end)).isFalse();
  }

  /** The last two rows also show that the others could fail. */
  @ParameterizedTest
  @CsvSource({
    "HTTP/1.0, '', false",
    "HTTP/1.0, Connection: keep-alive, true",
    "HTTP/1.1, '', true"
  })
  void anOldUpstreamHasToSayThatItStays(String version, String header, boolean again)
      throws Exception {
    String first =
        version
            + " 200 OK\r\n"
            + (header.isEmpty() ? "" : header + "\r\n")
            + "Content-Length: 2\r\n\r\nhi";
    assertThat(isAskedAgain("GET", first, "finished")).isEqualTo(again);
  }

  @Test
  void aFloodOfInterimResponsesEndsItsConnection() throws Exception {
    String flood = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(65) + OK;
    assertThat(isAskedAgain("GET", flood, "failed")).isFalse();
  }

  /** Whether the connection on which this response came has another request. */
  private static boolean isAskedAgain(String method, String first, String end) throws Exception {
    var asked = new AtomicInteger();
    try (var origin =
            ScriptedOrigin.start(
                firstOf(
                    asked,
                    connection -> {
                      connection.send(first);
                      while (connection.readHeadOrEnd()) {
                        asked.incrementAndGet();
                        connection.send(FRESH);
                      }
                    }));
        var proxy = start(List.of())) {
      try (var client = proxy.client()) {
        client.send(method + " " + rest(origin, ""));
        awaitEnd(proxy, end);
      }
      askOnEachLoop(proxy, "GET " + rest(origin, ""));
      return asked.get() > 1;
    }
  }

  /** A script whose first connection goes on like this after its head; the others are fresh. */
  private static ScriptedOrigin.Script firstOf(
      AtomicInteger asked, ScriptedOrigin.Script ofTheFirst) {
    var connections = new AtomicInteger();
    return connection -> {
      if (connections.incrementAndGet() > 1) {
        ScriptedOrigin.answering(FRESH).play(connection);
      } else if (connection.readHeadOrEnd()) {
        asked.incrementAndGet();
        ofTheFirst.play(connection);
      }
    };
  }

  /** Each loop has connections of its own, and clients are given to them by turns. */
  private static void askOnEachLoop(RunningProxy proxy, String request) throws IOException {
    for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors(); i++) {
      try (var client = proxy.client()) {
        client.send(request);
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        assertThat(client.read(5)).isEqualTo("fresh");
      }
    }
  }

  private static RunningProxy start(List<X509Certificate> anchors) throws ProxyStartException {
    return RunningProxy.start(
        plan -> RunningProxy.with(plan, ProxyTimeouts.DEFAULT.withPooled(RunningProxy.NEVER)),
        anchors);
  }

  private static void awaitEnd(RunningProxy proxy, String end) {
    if (end.equals("finished")) {
      proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
    } else {
      proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
    }
  }

  @Test
  void whatComesLaterOnAnIdleConnectionEndsIt() throws Exception {
    var idle = new CountDownLatch(1);
    var ended = new CountDownLatch(1);
    var connections = new AtomicInteger();
    try (var origin =
            ScriptedOrigin.start(connection -> {
              boolean first = connections.incrementAndGet() == 1;
              connection.readHead();
              connection.send(first ? OK : FRESH);
              if (first) {
                connection.hold(idle);
                connection.send(OK);
                assertThat(connection.readHeadOrEnd()).isFalse();
                ended.countDown();
              }
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send("GET " + rest(origin, ""));
      client.readHead();
      assertThat(client.read(2)).isEqualTo("hi");
      idle.countDown();
      ended.await();
      client.send("GET " + rest(origin, ""));
      client.readHead();
      assertThat(client.read(5)).isEqualTo("fresh");
    }
  }

  @Test
  void aResponseThatCameBeforeItsRequestHadEndedIsTheLast() throws Exception {
    var asked = new AtomicInteger();
    try (var origin =
            ScriptedOrigin.start(
                firstOf(
                    asked,
                    connection -> {
                      connection.send(OK);
                      connection.read(4);
                      while (connection.readHeadOrEnd()) {
                        asked.incrementAndGet();
                        connection.send(FRESH);
                      }
                    }));
        var proxy = start(List.of())) {
      try (var client = proxy.client()) {
        client.send("POST " + rest(origin, "Content-Length: 4\r\n") + "ab");
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        assertThat(client.read(2)).isEqualTo("hi");
        client.send("cd");
        proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      }
      askOnEachLoop(proxy, "GET " + rest(origin, ""));
      assertThat(asked).hasValue(1);
    }
  }

  /** The end of TLS, after a response or within it, while TCP lives on. */
  @ParameterizedTest
  @ValueSource(ints = {2, 9})
  void anUpstreamThatEndsItsTlsHasNoOtherRequest(int announced) throws Exception {
    var asked = new AtomicInteger();
    var ended = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.startTls(
                CA.serverContext("127.0.0.1"),
                firstOf(
                    asked,
                    connection -> {
                      connection.send(
                          "HTTP/1.1 200 OK\r\nContent-Length: " + announced + "\r\n\r\nhi");
                      connection.endOutput();
                      if (isAsked(connection)) {
                        asked.incrementAndGet();
                      }
                      ended.countDown();
                    }));
        var proxy = start(List.of(CA.certificate()))) {
      String get = "GET " + rest(origin, "").replace("http:", "https:");
      try (var client = proxy.client()) {
        client.send(get);
        awaitEnd(proxy, announced == 2 ? "finished" : "failed");
      }
      ended.await();
      askOnEachLoop(proxy, get);
      assertThat(asked).hasValue(1);
    }
  }

  private static boolean isAsked(ScriptedOrigin.Connection connection) {
    try {
      return connection.readHeadOrEnd();
    } catch (IOException cut) {
      return false;
    }
  }

  private static String rest(ScriptedOrigin origin, String header) {
    return "http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\n%s\r\n".formatted(origin.port(), header);
  }
}
