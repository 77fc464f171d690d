package dev.earshot.proxy;

import static dev.earshot.proxy.Http2Peer.CALM;
import static dev.earshot.proxy.Http2Peer.CANCEL;
import static dev.earshot.proxy.Http2Peer.INITIAL_WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 on both sides, frame by frame, in tunnels that begin with its preface. */
class Http2Test {
  private static final int REFUSED = 7;
  private static final int CONNECT_PROTOCOL = 8;
  private static final int END = Http2Peer.END_STREAM;

  @Test
  void headersBodiesAndTrailersGoThroughBothWays() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client()
          .headers(
              1,
              0,
              ":method",
              "POST",
              ":scheme",
              "http",
              ":authority",
              "name:1",
              ":path",
              "/rpc?x=1",
              "te",
              "trailers",
              "x-a",
              "1",
              "x-a",
              "2")
          .data(1, 0, "ques")
          .data(1, 0, "tion")
          .headers(1, END, "x-sum", "8");
      var request = pair.origin().await(Http2Peer.HEADERS);
      assertThat(request.headers())
          .containsEntry(":method", "POST")
          .containsEntry(":scheme", "http")
          .containsEntry(":authority", "name:1")
          .containsEntry(":path", "/rpc?x=1")
          .containsEntry("te", "trailers")
          .doesNotContainKeys("host", "connection");
      var question = new StringBuilder();
      while (question.length() < 8) {
        question.append(pair.origin().await(Http2Peer.DATA).payload());
      }
      assertThat(question).hasToString("question");
      var trailers = pair.origin().await(Http2Peer.HEADERS);
      assertThat(trailers.headers()).containsEntry("x-sum", "8");
      assertThat(trailers.ends()).isTrue();

      pair.origin()
          .headers(3, 0, ":status", "103", "link", "</a>")
          .headers(3, 0, ":status", "200", "content-type", "text/plain")
          .data(3, 0, "answer")
          .headers(3, END, "x-status", "0");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "103");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers())
          .containsEntry(":status", "200")
          .containsEntry("content-type", "text/plain");
      assertThat(pair.client().await(Http2Peer.DATA).payload()).isEqualTo("answer");
      var end = pair.client().await(Http2Peer.HEADERS);
      assertThat(end.headers()).containsEntry("x-status", "0");
      assertThat(end.ends()).isTrue();

      var finished = pair.finished();
      assertThat(finished.requestBytes()).isEqualTo(8);
      assertThat(finished.responseBytes()).isEqualTo(6);
      assertThat(finished.trailers()).containsExactly(new Header("x-status", "0"));
      var started = pair.proxy().traffic().await(TrafficEvent.ExchangeStarted.class);
      assertThat(started.request().version()).isEqualTo(HttpVersion.HTTP_2);
      assertThat(started.url())
          .isEqualTo("http://127.0.0.1:%d/rpc?x=1".formatted(pair.listener().getLocalPort()));
      assertThat(
              pair.proxy().traffic().await(TrafficEvent.ResponseStarted.class).response().version())
          .isEqualTo(HttpVersion.HTTP_2);
    }
  }

  @Test
  void aResponseOfTrailersOnlyStaysOneFrame() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().headers(3, END, ":status", "200", "grpc-status", "5");
      var answer = pair.client().await(Http2Peer.HEADERS);
      assertThat(answer.ends()).isTrue();
      assertThat(answer.headers()).containsEntry("grpc-status", "5");
      pair.finished();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, REFUSED, CANCEL, CALM, 77})
  void aResetOfTheUpstreamReachesTheClientWithItsCode(int code) throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().reset(3, code);
      if (code == REFUSED) {
        // It is certain that nothing was done: it is tried once more, on any connection.
        pair.origin().await(Http2Peer.HEADERS);
        pair.origin().reset(5, code);
      }
      assertThat(pair.client().await(Http2Peer.RST_STREAM).number()).isEqualTo(code);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.RESET);
    }
  }

  @Test
  void aResetWithinTheResponseReachesTheClientWithItsCode() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().headers(3, 0, ":status", "200").data(3, 0, "part").reset(3, 2);
      assertThat(pair.client().await(Http2Peer.DATA).payload()).isEqualTo("part");
      assertThat(pair.client().await(Http2Peer.RST_STREAM).number()).isEqualTo(2);
      assertThat(pair.failed().detail()).contains("within the response").contains("INTERNAL_ERROR");
    }
  }

  @Test
  void aResetOfTheClientReachesTheUpstream() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.client().reset(1, CANCEL);
      assertThat(pair.origin().await(Http2Peer.RST_STREAM).number()).isEqualTo(CANCEL);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.CLIENT_GONE);
    }
  }

  @Test
  void aClosedClientResetsItsStreams() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.client().close();
      assertThat(pair.origin().await(Http2Peer.RST_STREAM).number()).isEqualTo(CANCEL);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.CLIENT_GONE);
    }
  }

  @Test
  void whatGoAwayLeavesOutIsSentAgainOnANewConnection() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().frame(Http2Peer.GOAWAY, 0, 0, new byte[8]);
      try (var second = Http2Peer.server(pair.listener())) {
        second.await(Http2Peer.HEADERS);
        second.headers(3, 0, ":status", "200").data(3, END, "there");
        assertThat(pair.client().awaitBody(1)).isEqualTo("there");
        pair.finished();
      }
    }
  }

  @Test
  void aSlowReaderOfOneStreamHoldsUpNoOther() throws Exception {
    try (var pair = Http2Pair.open(new int[] {INITIAL_WINDOW, 0})) {
      pair.client().window(0, 1 << 30).get(1, "/slow").get(3, "/quick").window(3, 1_000);
      pair.origin().await(frame -> frame.type() == Http2Peer.HEADERS && frame.stream() == 5);
      // What the proxy allows of each stream, and no more.
      pair.origin().headers(3, 0, ":status", "200");
      String part = "x".repeat(16 << 10);
      for (int sent = 0; sent < ProxyLimits.DEFAULT.streamWindow(); sent += part.length()) {
        pair.origin().data(3, 0, part);
      }
      pair.origin().headers(5, 0, ":status", "200").data(5, END, "quick");
      assertThat(pair.client().awaitBody(3)).isEqualTo("quick");
      pair.client().window(1, 1 << 20);
      pair.origin().await(frame -> frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 3);
      pair.origin().data(3, END, "end");
      assertThat(pair.client().awaitBody(1)).endsWith("end");
      pair.proxy().traffic().await(TrafficEvent.ExchangeFinished.class, 2);
    }
  }

  @Test
  void theUploadOfASlowOriginIsHeldBack() throws Exception {
    try (var pair = Http2Pair.open(new int[0], INITIAL_WINDOW, 0)) {
      pair.origin().await(frame -> frame.type() == Http2Peer.SETTINGS && frame.flags() == 1);
      pair.client().headers(1, 0, Http2Peer.request("PUT", "/"));
      pair.origin().await(Http2Peer.HEADERS);
      String part = "x".repeat(16 << 10);
      for (int sent = 0; sent < ProxyLimits.DEFAULT.streamWindow(); sent += part.length()) {
        pair.client().data(1, 0, part);
      }
      pair.origin().window(0, 1 << 30).window(3, 1 << 30);
      pair.client().await(frame -> frame.type() == Http2Peer.WINDOW_UPDATE && frame.stream() == 1);
      pair.client().data(1, END, "end");
      assertThat(pair.origin().awaitBody(3))
          .hasSize(ProxyLimits.DEFAULT.streamWindow() + 3)
          .endsWith("end");
      pair.origin().headers(3, END, ":status", "204");
      assertThat(pair.finished().requestBytes()).isEqualTo(ProxyLimits.DEFAULT.streamWindow() + 3L);
    }
  }

  @Test
  void aWebSocketOverHttp2IsOfferedOnceTheUpstreamOffersIt() throws Exception {
    try (var pair = Http2Pair.open(new int[0], CONNECT_PROTOCOL, 1)) {
      var offer =
          pair.client()
              .await(frame ->
                  frame.type() == Http2Peer.SETTINGS && frame.payload().startsWith("\0\u0008"));
      assertThat(offer.number(2)).isOne();
      pair.client().headers(1, 0, Http2Peer.request("CONNECT", "/chat", ":protocol", "websocket"));
      var request = pair.origin().await(Http2Peer.HEADERS);
      assertThat(request.headers())
          .containsEntry(":protocol", "websocket")
          .containsEntry(":path", "/chat");
      assertThat(request.ends()).isFalse();
      pair.origin().headers(3, 0, ":status", "200").data(3, 0, "down");
      assertThat(pair.client().await(Http2Peer.DATA).payload()).isEqualTo("down");
      pair.client().data(1, 0, "up");
      assertThat(pair.origin().await(Http2Peer.DATA).payload()).isEqualTo("up");
      pair.client().data(1, END, "");
      pair.origin().await(frame -> frame.type() == Http2Peer.DATA && frame.ends());
      pair.origin().data(3, END, "");
      pair.finished();
    }
  }

  @Test
  void connectWithinHttp2IsRefused() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().headers(1, END, ":method", "CONNECT", ":authority", "b:1");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "501");
      pair.refused();
    }
  }

  @Test
  void aHeadThatIsTooLargeIsRefused() throws Exception {
    try (var pair = Http2Pair.open()) {
      var block = Http2Peer.block(Http2Peer.request("GET", "/", "x", "y".repeat(66_000)));
      int half = 16 << 10;
      pair.client().frame(Http2Peer.HEADERS, END, 1, Arrays.copyOf(block, half));
      for (int at = half; at < block.length; at += half) {
        int to = Math.min(at + half, block.length);
        pair.client()
            .frame(
                Http2Peer.CONTINUATION,
                to == block.length ? Http2Peer.END_HEADERS : 0,
                1,
                Arrays.copyOfRange(block, at, to));
      }
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "431");
      assertThat(pair.refused().error()).isEqualTo("too_large");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ":method|GET|:scheme|http|:authority|a|:path|",
        ":method|GET|:scheme|http|:authority|a|:path|no-slash",
        ":method|GET|:scheme|http|:authority|a|:path|/|:path|/other",
        ":method|GET|:scheme|http|:authority|a|:path|/|connection|close",
        ":method|GET|:scheme|http|:authority|a|:path|/|transfer-encoding|chunked",
        ":method|GET|:scheme|http|:authority|a|:path|/|X-Upper|1",
        ":method|GET|:scheme|http|:authority|a|:path|/|x|a\r\nb: c",
        ":method|GET|:scheme|http|:authority|a|:path|/ HTTP/1.1\r\nx: y",
        ":method|GET|:scheme|http|:authority|a|:path|/|host|other",
        ":method|G T|:scheme|http|:authority|a|:path|/",
        ":method|GET|:scheme|http|:authority|a|:path|/|:status|200",
        "x|1|:method|GET|:scheme|http|:authority|a|:path|/",
      })
  void aMalformedRequestIsResetAndTold(String fields) throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().headers(1, END, fields.split("\\|", -1));
      pair.client()
          .await(frame -> frame.type() == Http2Peer.RST_STREAM || frame.type() == Http2Peer.GOAWAY);
      assertThat(pair.refused().error()).isEqualTo("malformed");
      assertThat(pair.proxy().traffic().all(TrafficEvent.ExchangeStarted.class)).isEmpty();
    }
  }

  @Test
  void aMalformedResponseIsAnswered502() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().headers(3, END, ":status", "200", "connection", "close");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers())
          .containsEntry(":status", "502")
          .containsEntry("earshot-error", "malformed");
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
    }
  }

  @Test
  void aStopTellsTheClientAndLetsItsStreamsEnd() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.proxy().controller().stop(Duration.ofSeconds(20));
      pair.client().await(Http2Peer.GOAWAY);
      pair.origin().headers(3, 0, ":status", "200").data(3, END, "late");
      assertThat(pair.client().awaitBody(1)).isEqualTo("late");
      assertThat(pair.client().closed()).isTrue();
      assertThat(pair.proxy().controller().await()).isEqualTo(new ProxyEnd.Closed(0));
    }
  }

  @Test
  void aStopWithoutADrainCutsStreams() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.proxy().controller().stop(Duration.ZERO);
      assertThat(pair.proxy().controller().await()).isEqualTo(new ProxyEnd.Closed(1));
      assertThat(pair.failed().error()).isEqualTo(FailureKind.STOPPING);
    }
  }

  @Test
  void aClientThatKnowsTheProxyReachesAnOriginOfHttp1() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              String head = connection.readHead();
              connection.send(
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x-hop\r\n"
                      + "X-Hop: 1\r\nX-Head: "
                      + head.replace("\r\n", "|")
                      + "\r\n\r\n");
              // "up" in a chunk of its own, and the trailer.
              connection.send("7;x=y\r\n" + connection.read(7).replace("\r\n", "/") + "!!\r\n");
              connection.send("0\r\nX-End: 1\r\n\r\n");
              connection.drain();
            });
        var proxy = RunningProxy.start();
        var client = Http2Peer.client(proxy.client().socket())) {
      String authority = "127.0.0.1:" + origin.port();
      client
          .headers(
              1,
              0,
              ":method",
              "POST",
              ":scheme",
              "http",
              ":authority",
              authority,
              ":path",
              "/x",
              "cookie",
              "a=1",
              "cookie",
              "b=2",
              "te",
              "trailers")
          .data(1, END, "up");
      var answer = client.await(Http2Peer.HEADERS);
      assertThat(answer.headers())
          .containsEntry(":status", "200")
          .doesNotContainKeys("transfer-encoding", "connection", "x-hop");
      assertThat(answer.headers().get("x-head"))
          .startsWith("POST /x HTTP/1.1|host: " + authority + "|cookie: a=1; b=2|te: trailers|")
          .contains("|Transfer-Encoding: chunked|")
          .contains("Connection: TE");
      assertThat(client.await(Http2Peer.DATA).payload()).isEqualTo("2/up/!!");
      var end = client.await(Http2Peer.HEADERS);
      assertThat(end.headers()).containsEntry("x-end", "1");
      assertThat(end.ends()).isTrue();
      var finished = proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      assertThat(finished.requestBytes()).isEqualTo(2);
      assertThat(finished.responseBytes()).isEqualTo(7);
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://" + authority + "/x");
      assertThat(proxy.traffic().await(TrafficEvent.ResponseStarted.class).response().version())
          .isEqualTo(HttpVersion.HTTP_1_1);
    }
  }

  @Test
  void aClientOfHttp1ReachesAnUpstreamThatSpeaksHttp2Only() throws Exception {
    var ca = TestCa.create();
    var listener =
        (SSLServerSocket)
            ca.serverContext("localhost")
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    var parameters = listener.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    listener.setSSLParameters(parameters);
    try (listener;
        var proxy = RunningProxy.start(plan -> plan, List.of(ca.certificate()));
        var raw = proxy.client();
        var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      var origin =
          pool.submit(() -> {
            // The first offers HTTP/1.1, and fails.
            try (var first = (SSLSocket) listener.accept()) {
              first.startHandshake();
            } catch (SSLException noProtocol) {
              return Http2Peer.server(listener);
            }
            throw new IllegalStateException("HTTP/2 was offered to the first already");
          });
      assertThat(raw.connect("localhost:" + listener.getLocalPort())).startsWith("HTTP/1.1 200");
      var client =
          raw.secure(TestCa.clientContext(proxy.ca().certificate()), "localhost")
              .send("GET /a HTTP/1.1\r\nHost: localhost\r\nX-Case: 1\r\n\r\n");
      try (var upstream = origin.get(20, TimeUnit.SECONDS)) {
        assertThat(upstream.await(Http2Peer.HEADERS).headers())
            .containsEntry(":path", "/a")
            .containsEntry(":authority", "localhost")
            .containsEntry(":scheme", "https")
            .containsEntry("x-case", "1");
        upstream
            .headers(3, 0, ":status", "200", "x-a", "b")
            .data(3, 0, "body")
            .headers(3, END, "x-end", "1");
        assertThat(client.readHead())
            .startsWith("HTTP/1.1 200 \r\n")
            .contains("x-a: b\r\n")
            .contains("Transfer-Encoding: chunked\r\n");
        String end = "4\r\nbody\r\n0\r\nx-end: 1\r\n\r\n";
        assertThat(client.read(end.length())).isEqualTo(end);
        client.send("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n");
        upstream.await(Http2Peer.HEADERS);
        upstream.headers(5, END, ":status", "401");
        assertThat(client.readHead()).contains("Content-Length: 0\r\n");
        client.send("HEAD /c HTTP/1.1\r\nHost: localhost\r\n\r\n");
        upstream.await(Http2Peer.HEADERS);
        upstream.headers(7, 0, ":status", "200").data(7, END, "");
        assertThat(client.readHead()).doesNotContain("hunked").doesNotContain("ontent-");
        client.send("GET /d HTTP/1.1\r\nHost: localhost\r\n\r\n");
        upstream.await(Http2Peer.HEADERS);
        upstream.headers(9, 0, ":status", "204").data(9, END, "");
        assertThat(client.readHead()).startsWith("HTTP/1.1 204").doesNotContain("hunked");
      }
      assertThat(proxy.traffic().await(TrafficEvent.ResponseStarted.class).response().version())
          .isEqualTo(HttpVersion.HTTP_2);
      proxy.traffic().await(TrafficEvent.ExchangeFinished.class, 4);
    }
  }

  @Test
  void aDeadUpstreamFailsItsStreamsAtOnce() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().close();
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "502");
      assertThat(pair.failed().error()).isEqualTo(FailureKind.RESET);
    }
  }

  @Test
  void anExchangeWhoseRequestNeverEndsEndsWithItsClient() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().headers(1, 0, Http2Peer.request("POST", "/"));
      pair.origin().await(Http2Peer.HEADERS);
      pair.origin().headers(3, END, ":status", "200");
      pair.client().await(Http2Peer.HEADERS);
      pair.client().close();
      pair.finished();
      pair.origin().await(Http2Peer.RST_STREAM);
    }
  }

  @Test
  void aRefusedRequestWithAnEmptyBodyIsSentAgainWhole() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().headers(1, 0, Http2Peer.request("POST", "/")).data(1, END, "");
      pair.origin().await(frame -> frame.stream() == 3 && frame.ends());
      pair.origin().reset(3, REFUSED);
      pair.origin().await(frame -> frame.stream() == 5 && frame.ends());
      pair.origin().headers(5, END, ":status", "204");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "204");
      pair.finished();
    }
  }

  @Test
  void aBodyAfterTheAnswerToHeadIsMalformed() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().headers(1, END, Http2Peer.request("HEAD", "/"));
      pair.origin().await(Http2Peer.HEADERS);
      pair.origin().headers(3, 0, ":status", "200", "content-length", "5").data(3, END, "split");
      assertThat(pair.client().await(Http2Peer.HEADERS).ends()).isTrue();
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
    }
  }

  @Test
  void aStreamInWhichNothingMovesIsA504() throws Exception {
    try (var listener = Http2Peer.listener();
        var proxy =
            RunningProxy.start(
                plan -> RunningProxy.with(plan, plan.timeouts().withIdle(Duration.ofMillis(300))));
        var client =
            Http2Peer.through(
                proxy.controller().address(), "127.0.0.1:" + listener.getLocalPort());
        var origin = Http2Peer.server(listener)) {
      client.get(1, "/");
      origin.await(Http2Peer.HEADERS);
      assertThat(client.await(Http2Peer.HEADERS).headers()).containsEntry(":status", "504");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.TIMEOUT);
    }
  }

  @Test
  void aDecompressionBombIsCutAndSaid() throws Exception {
    var bomb = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bomb)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 64; i++) {
        gzip.write(zeros);
      }
    }
    try (var pair = Http2Pair.open()) {
      pair.client().get(1, "/").window(0, 1 << 20).window(1, 1 << 20);
      pair.origin().await(Http2Peer.HEADERS);
      pair.origin().headers(3, 0, ":status", "200", "content-encoding", "gzip");
      String bytes = bomb.toString(StandardCharsets.ISO_8859_1);
      for (int at = 0; at < bytes.length(); at += 16 << 10) {
        pair.origin().data(3, 0, bytes.substring(at, Math.min(at + (16 << 10), bytes.length())));
      }
      pair.origin().data(3, END, "");
      assertThat(pair.client().awaitBody(1)).hasSize(bytes.length());
      assertThat(pair.finished().responseDecodedBytes()).isEmpty();
      assertThat(pair.proxy().traffic().await(TrafficEvent.Warning.class).code())
          .isEqualTo("decoding_cut");
    }
  }
}
