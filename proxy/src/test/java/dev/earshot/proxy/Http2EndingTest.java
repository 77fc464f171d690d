package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How streams of HTTP/2 end when one side does not do what is expected of it. */
class Http2EndingTest {
  private static final int PROTOCOL_ERROR = 1;
  private static final int END = Http2Peer.END_STREAM;
  private static final int MAX_STREAMS = 3;
  private static final int INITIAL_WINDOW = 4;
  private static final int CONNECT_PROTOCOL = 8;

  @ParameterizedTest
  @CsvSource({":status, 200", "Upper, case", "name, ' blank'"})
  void malformedTrailersOfTheUpstreamFailTheResponse(String name, String value) throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().get(1, "/");
      pair.origin().await(Http2Peer.HEADERS);
      pair.origin().headers(3, 0, ":status", "200").data(3, 0, "part");
      pair.client().await(Http2Peer.DATA);
      pair.origin().headers(3, END, name, value);
      assertThat(pair.client().await(Http2Peer.RST_STREAM).number()).isEqualTo(PROTOCOL_ERROR);
      assertThat(pair.origin().await(Http2Peer.RST_STREAM).number()).isEqualTo(PROTOCOL_ERROR);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"head", "data", "trailers"})
  void aBodyShorterThanItsLengthIsMalformed(String endsWith) throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      boolean head = endsWith.equals("head");
      pair.origin().headers(3, head ? END : 0, ":status", "200", "content-length", "5");
      switch (endsWith) {
        case "data" -> pair.origin().data(3, END, "");
        case "trailers" -> pair.origin().headers(3, END, "x-end", "1");
        default -> {}
      }
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
      if (head) {
        assertThat(pair.client().await(Http2Peer.HEADERS).headers())
            .containsEntry(":status", "502");
      } else {
        assertThat(pair.client().await(Http2Peer.RST_STREAM).number()).isEqualTo(PROTOCOL_ERROR);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"3, 4", "'3, 4', ''", "x, ''", "-1, ''"})
  void twoLengthsOrABadOneAreMalformed(String first, String second) throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      if (second.isEmpty()) {
        pair.origin().headers(3, END, ":status", "204", "content-length", first);
      } else {
        pair.origin()
            .headers(3, END, ":status", "204", "content-length", first, "content-length", second);
      }
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "502");
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
    }
  }

  @Test
  void anInformationalResponseCannotBeTheLast() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().headers(3, END, ":status", "103");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "502");
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
    }
  }

  @Test
  void whatSaysWhereAMessageEndsIsNoTrailer() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin()
          .headers(3, 0, ":status", "200")
          .data(3, 0, "body")
          .headers(3, END, "content-length", "9", "x-sum", "1", "host", "h", "trailer", "t");
      assertThat(pair.client().await(frame -> frame.headers().containsKey("x-sum")).headers())
          .containsOnlyKeys("x-sum");
      pair.finished();
    }
  }

  @ParameterizedTest
  @CsvSource({"GET, websocket", "CONNECT, a b"})
  void aProtocolIsOfConnectOnly(String method, String protocol) throws Exception {
    try (var pair = Http2Pair.open(new int[0], CONNECT_PROTOCOL, 1)) {
      pair.client()
          .headers(
              1,
              0,
              ":method",
              method,
              ":scheme",
              "http",
              ":authority",
              "a",
              ":path",
              "/",
              ":protocol",
              protocol);
      assertThat(pair.client().await(Http2Peer.RST_STREAM).number()).isEqualTo(PROTOCOL_ERROR);
      assertThat(pair.refused().detail()).contains("protocol");
    }
  }

  @Test
  void aDialThatNobodyWaitsForEnds() throws Exception {
    try (var full = SilentListener.start();
        var proxy = RunningProxy.start();
        var raw = proxy.client()) {
      int port = full.port();
      long before = full.dials();
      raw.send("GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: h\r\n\r\n".formatted(port));
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      full.awaitDials(before + 1);
      raw.reset();
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.CLIENT_GONE);
      full.awaitDials(before);
      try (var connect = proxy.client()) {
        connect.send("CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n".formatted(port));
        full.awaitDials(before + 1);
        connect.reset();
        full.awaitDials(before);
      }
    }
  }

  @Test
  void malformedTrailersOfTheClientFailTheRequest() throws Exception {
    try (var pair = Http2Pair.open()) {
      post(pair.client(), 1).data(1, 0, "part");
      pair.origin().await(Http2Peer.DATA);
      pair.client().headers(1, END, "connection", "x", "Bad", "name");
      assertThat(pair.client().await(Http2Peer.RST_STREAM).number()).isEqualTo(PROTOCOL_ERROR);
      pair.origin().await(Http2Peer.RST_STREAM);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.MALFORMED);
    }
  }

  @Test
  void aBusyStreamDoesNotKeepASilentOneAlive() throws Exception {
    var idle = Duration.ofMillis(500);
    try (var pair =
        Http2Pair.open(
            plan -> RunningProxy.with(plan, plan.timeouts().withIdle(idle)), new int[0])) {
      pair.client().get(1, "/busy").get(3, "/silent");
      pair.origin().await(frame -> frame.stream() == 5 && frame.type() == Http2Peer.HEADERS);
      pair.origin().headers(3, 0, ":status", "200");
      // Each byte is answered by the next, until the silent stream has its answer.
      boolean answered = false;
      while (!answered) {
        pair.origin().data(3, 0, "x");
        var frame =
            pair.client()
                .await(
                    each -> each.type() == Http2Peer.DATA || each.headers().containsValue("504"));
        answered = frame.stream() == 3;
      }
      pair.origin().data(3, END, "end");
      pair.finished();
      assertThat(pair.failed().error()).isEqualTo(FailureKind.TIMEOUT);
    }
  }

  @Test
  void aClientThatSendsNothingMoreGetsItsResponses() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().get(1, "/");
      pair.origin().await(Http2Peer.HEADERS);
      pair.client().endOutput();
      pair.origin().headers(3, 0, ":status", "200").data(3, END, "late");
      assertThat(pair.client().awaitBody(1)).isEqualTo("late");
      pair.finished();
      assertThat(pair.client().closed()).isTrue();
    }
  }

  @Test
  void aClientThatHasReadEverythingAndClosesIsGone() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      // Nothing is unread after its answer, so that the close is no reset.
      pair.client().frame(Http2Peer.PING, 0, 0, new byte[8]).await(Http2Peer.PING);
      pair.client().close();
      pair.origin().await(Http2Peer.RST_STREAM);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.CLIENT_GONE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"content", "no content", "reset"})
  void aClientThatHasAllThatWasAnnouncedNeedNotWaitForTheEnd(String what) throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      boolean empty = what.equals("no content");
      pair.origin().headers(3, 0, ":status", "200", "content-length", empty ? "0" : "4");
      if (!empty) {
        pair.origin().data(3, 0, "body");
      }
      pair.client().await(empty ? Http2Peer.HEADERS : Http2Peer.DATA);
      if (what.equals("reset")) {
        pair.client().frame(Http2Peer.RST_STREAM, 0, 1, new byte[] {0, 0, 0, 8});
      } else {
        pair.client().close();
      }
      pair.origin().await(Http2Peer.RST_STREAM);
      assertThat(pair.finished().status()).isEqualTo(200);
    }
  }

  @Test
  void aRequestThatItsClientDidNotEndIsGivenUp() throws Exception {
    try (var pair = Http2Pair.open()) {
      post(pair.client(), 1);
      pair.origin().await(Http2Peer.HEADERS);
      pair.client().endOutput();
      pair.origin().await(Http2Peer.RST_STREAM);
      assertThat(pair.failed().error()).isEqualTo(FailureKind.CLIENT_GONE);
      assertThat(pair.client().closed()).isTrue();
    }
  }

  @Test
  void anAnswerWaitsForTheWindowOfItsClient() throws Exception {
    try (var pair = Http2Pair.open(new int[] {INITIAL_WINDOW, 0})) {
      post(pair.client(), 1);
      pair.origin().await(Http2Peer.HEADERS);
      pair.origin().close();
      pair.listener().close();
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "502");
      pair.client().window(1, 1 << 16);
      assertThat(pair.client().awaitBody(1)).contains("earshot");
      pair.failed();
    }
  }

  @Test
  void theNumberOfStreamsFollowsTheUpstreamDownAndUp() throws Exception {
    try (var pair = Http2Pair.open(new int[0], MAX_STREAMS, 5)) {
      assertThat(number(pair.client(), MAX_STREAMS)).isEqualTo(5);
      pair.origin().settings(MAX_STREAMS, 1_000);
      assertThat(number(pair.client(), MAX_STREAMS)).isEqualTo(ProxyLimits.DEFAULT.streams());
    }
  }

  @Test
  void manyConnectionsShareWhatMayBeInMemory() {
    var limits = ProxyLimits.DEFAULT;
    var windows = new Http2Windows(limits);
    var first = windows.take();
    assertThat(first)
        .isEqualTo(new Http2Windows.Share(limits.connectionWindow(), limits.streamWindow()));
    List<Http2Windows.Share> all = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      all.add(windows.take());
    }
    assertThat(all.getLast().connection()).isEqualTo(Http2Windows.LEAST);
    assertThat(all.getLast().stream()).isLessThan(Http2Windows.LEAST / 2);
    assertThat(all.stream().mapToLong(Http2Windows.Share::connection).sum())
        .isLessThan(limits.windowsInAll() + 1_000L * Http2Windows.LEAST);
    windows.give(first);
    all.forEach(windows::give);
    assertThat(windows.take()).isEqualTo(first);
  }

  @Test
  void aClosedConnectionGivesItsShareBack() throws Exception {
    var limits = ProxyLimits.DEFAULT;
    try (var pair = Http2Pair.open()) {
      pair.client().get(1, "/");
      pair.origin().await(Http2Peer.HEADERS);
      pair.origin().headers(3, END, ":status", "204");
      pair.client().await(Http2Peer.HEADERS);
      pair.finished();
      String authority = "127.0.0.1:" + pair.listener().getLocalPort();
      // More of them than there are whole windows to share.
      for (int i = 0; i < limits.windowsInAll() / limits.connectionWindow(); i++) {
        try (var client = Http2Peer.through(pair.proxy().controller().address(), authority);
            var origin = Http2Peer.server(pair.listener())) {
          assertThat(number(client, INITIAL_WINDOW)).isEqualTo(limits.streamWindow());
          client.endOutput();
          assertThat(client.closed()).isTrue();
          origin.endOutput();
          assertThat(origin.closed()).isTrue();
        }
      }
    }
  }

  /** The value of a setting, from the next frame that has it. */
  private static int number(Http2Peer peer, int setting) throws Exception {
    while (true) {
      String payload = peer.await(Http2Peer.SETTINGS).payload();
      for (int at = 0; at < payload.length(); at += 6) {
        if (payload.charAt(at + 1) == setting) {
          return payload.charAt(at + 2) << 24
              | payload.charAt(at + 3) << 16
              | payload.charAt(at + 4) << 8
              | payload.charAt(at + 5);
        }
      }
    }
  }

  private static Http2Peer post(Http2Peer client, int stream) throws Exception {
    return client.headers(
        stream, 0, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/");
  }
}
