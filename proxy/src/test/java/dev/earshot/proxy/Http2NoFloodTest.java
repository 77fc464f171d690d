package dev.earshot.proxy;

import static dev.earshot.proxy.Http2Peer.CANCEL;
import static dev.earshot.proxy.Http2Peer.INITIAL_WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What is legal and must not be taken for a flood, and what is kept of one. */
class Http2NoFloodTest {
  private static final int END = Http2Peer.END_STREAM;
  private static final int NO_ERROR = 0;

  /** What is in flight when a stream ends; its window is twice as much. */
  private static final int FRAMES = 16;

  private static final String PART = "x".repeat(16 << 10);

  /** More of them than fit into what is borne of a peer's faults. */
  private static final int STREAMS = 80;

  @Test
  void someEmptyDataOfAClientIsLegal() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.client().headers(1, 0, Http2Peer.request("POST", "/"));
      for (int i = 0; i < 10; i++) {
        pair.client().data(1, 0, "");
      }
      goesOn(pair.client());
    }
  }

  @Test
  void someEmptyDataOfAnOriginIsLegal() throws Exception {
    try (var pair = Http2Pair.open()) {
      pair.ask();
      pair.origin().headers(3, 0, ":status", "200");
      for (int i = 0; i < 10; i++) {
        pair.origin().data(3, 0, "");
      }
      goesOn(pair.origin());
    }
  }

  /** RFC 9113 section 5.1: an endpoint must ignore what was sent before its reset arrived. */
  @Test
  void dataOnItsWayToAStreamThatTheProxyResetIsNoFaultOfTheClient() throws Exception {
    try (var pair = Http2Pair.open()) {
      for (int i = 0; i < STREAMS; i++) {
        int client = 1 + 2 * i;
        int origin = 3 + 2 * i;
        pair.client().headers(client, 0, Http2Peer.request("POST", "/"));
        pair.origin().await(of(Http2Peer.HEADERS, origin));
        pair.origin().headers(origin, END, ":status", "413").reset(origin, NO_ERROR);
        pair.client().await(of(Http2Peer.RST_STREAM, client));
        for (int sent = 0; sent < FRAMES; sent++) {
          pair.client().data(client, 0, PART);
        }
        goesOn(pair.client());
        assertThat(pair.proxy().traffic().all(TrafficEvent.ConnectionRefused.class)).isEmpty();
      }
    }
  }

  @Test
  void dataOnItsWayToAStreamThatTheClientGaveUpIsNoFaultOfTheOrigin() throws Exception {
    try (var pair = Http2Pair.open()) {
      for (int i = 0; i < STREAMS; i++) {
        int client = 1 + 2 * i;
        int origin = 3 + 2 * i;
        pair.client().get(client, "/");
        pair.origin().await(of(Http2Peer.HEADERS, origin));
        pair.origin().headers(origin, 0, ":status", "200").data(origin, 0, "first");
        pair.client().await(of(Http2Peer.DATA, client));
        pair.client().reset(client, CANCEL);
        pair.origin().await(of(Http2Peer.RST_STREAM, origin));
        for (int sent = 0; sent < FRAMES; sent++) {
          pair.origin().data(origin, 0, PART);
        }
        goesOn(pair.origin());
      }
    }
  }

  /** One stream's window, one byte to a frame: 160 bytes of heap are kept of each. */
  @Test
  void tinyDataThatWaitsForASlowOriginIsKeptSmall() throws Exception {
    int most = ProxyLimits.DEFAULT.streamWindow();
    try (var pair = Http2Pair.open(new int[0], INITIAL_WINDOW, 0)) {
      pair.origin().await(frame -> frame.type() == Http2Peer.SETTINGS && frame.flags() == 1);
      pair.client().headers(1, 0, Http2Peer.request("POST", "/"));
      pair.origin().await(Http2Peer.HEADERS);
      long before = heapInUse();
      for (int sent = 0; sent < most; sent += 1024) {
        pair.client().together(1024, peer -> peer.data(1, 0, "x"));
      }
      goesOn(pair.client());
      Eventually.until(
          () -> "at most 8 MiB more than " + before + ", but " + heapInUse(),
          () -> heapInUse() < before + (8 << 20));
    }
  }

  private static void goesOn(Http2Peer peer) throws IOException {
    peer.frame(Http2Peer.PING, 0, 0, new byte[8]);
    assertThat(peer.await(each -> each.type() == Http2Peer.PING || each.type() == Http2Peer.GOAWAY))
        .matches(answer -> answer.type() == Http2Peer.PING, "the answer to a PING");
  }

  private static Predicate<Http2Peer.Frame> of(int type, int stream) {
    return frame -> frame.type() == type && frame.stream() == stream;
  }

  private static long heapInUse() {
    var memory = ManagementFactory.getMemoryMXBean();
    memory.gc();
    return memory.getHeapMemoryUsage().getUsed();
  }
}
