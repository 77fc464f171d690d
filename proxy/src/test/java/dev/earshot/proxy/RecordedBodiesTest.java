package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What of the bodies whoever listens to a proxy gets. */
class RecordedBodiesTest {
  private static final String CHUNKED =
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\n\r\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1000 | 1000    | abcdefg | abcdefg | false
          7    | 1000    | abcdefg | abcdefg | false
          6    | 1000    | abcdef  | abcdef  | true
          1000 | 2       | abc     | abc     | true
          0    | 1000    | ''      | ''      | false
          """)
  void theContentWithoutItsChunksAsFarAsItIsWantedAndTaken(
      long limit, long room, String up, String down, boolean truncated) throws Exception {
    try (var origin = ScriptedOrigin.start(RecordedBodiesTest::echoInChunks);
        var proxy = RunningProxy.start();
        var client = RawClient.connect(proxy.controller().address())) {
      proxy.traffic().keepBodies(limit);
      proxy.traffic().declineBodiesAfter(room);
      String authority = "127.0.0.1:" + origin.port();
      client.send(
          "POST http://%s/ HTTP/1.1\r\nHost: %s\r\n%s".formatted(authority, authority, CHUNKED));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      var finished = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(proxy.traffic().body(finished.id(), Direction.UP)).isEqualTo(up);
      assertThat(proxy.traffic().body(finished.id(), Direction.DOWN)).isEqualTo(down);
      assertThat(finished.requestBytes()).isEqualTo(7);
      assertThat(finished.responseBytes()).isEqualTo(7);
      assertThat(finished.truncated()).isEqualTo(truncated);
    }
  }

  private static void echoInChunks(ScriptedOrigin.Connection connection) throws IOException {
    connection.readHead();
    connection.read("3\r\nabc\r\n4;x\r\ndefg\r\n0\r\n\r\n".length());
    connection.send("HTTP/1.1 200 OK\r\n" + CHUNKED);
  }

  @Test
  void theBodiesOfHttp2() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.proxy().traffic().keepBodies(1000);
      pair.client().headers(1, Http2Peer.END_HEADERS, Http2Peer.request("POST", "/"));
      pair.client().data(1, Http2Peer.END_STREAM, "question");
      var _ = pair.origin().await(Http2Peer.DATA);
      pair.origin().headers(3, Http2Peer.END_HEADERS, ":status", "200");
      pair.origin().data(3, Http2Peer.END_STREAM, "answer");
      var finished = pair.finished();
      assertThat(pair.proxy().traffic().body(finished.id(), Direction.UP)).isEqualTo("question");
      assertThat(pair.proxy().traffic().body(finished.id(), Direction.DOWN)).isEqualTo("answer");
      assertThat(finished.truncated()).isFalse();
    }
  }

  @Test
  void whatIsRelayedAfterAChangeOfProtocol() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello");
              connection.read(3);
            });
        var proxy = RunningProxy.start();
        var client = RawClient.connect(proxy.controller().address())) {
      proxy.traffic().keepBodies(1000);
      String authority = "127.0.0.1:" + origin.port();
      client.send(
          "GET http://%s/ HTTP/1.1\r\nHost: %s\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
              .formatted(authority, authority));
      assertThat(client.readHead()).startsWith("HTTP/1.1 101");
      assertThat(client.read(5)).isEqualTo("hello");
      client.send("bye");
      Eventually.until(
          () -> "what the client sent", () -> proxy.traffic().body(1, Direction.UP).equals("bye"));
      assertThat(proxy.traffic().body(1, Direction.DOWN)).isEqualTo("hello");
    }
  }

  @Test
  void aFailedExchangeTellsHowMuchThereWas() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
            });
        var proxy = RunningProxy.start();
        var client = RawClient.connect(proxy.controller().address())) {
      proxy.traffic().keepBodies(1000);
      String authority = "127.0.0.1:" + origin.port();
      client.send("GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(authority, authority));
      client.readAll();
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.responseBytes()).isEqualTo(4);
      assertThat(failed.duration()).isPositive();
      assertThat(proxy.traffic().body(failed.id(), Direction.DOWN)).isEqualTo("half");
    }
  }

  /** It is held up, but for no longer than is allowed. */
  @Test
  void aNewExchangeWaitsAMomentForTheRecord() throws Exception {
    try (var origin =
            ScriptedOrigin.start(
                ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        var proxy = RunningProxy.start();
        var client = RawClient.connect(proxy.controller().address())) {
      proxy.traffic().congested(true);
      String authority = "127.0.0.1:" + origin.port();
      client.send("GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(authority, authority));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      var finished = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(finished.duration()).isGreaterThanOrEqualTo(Duration.ofMillis(250));
      assertThat(finished.timings().blocked())
          .isGreaterThanOrEqualTo(Duration.ofMillis(250).toNanos());
    }
  }
}
