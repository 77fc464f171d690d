package dev.earshot.proxy;

import static dev.earshot.proxy.Http2Peer.CALM;
import static dev.earshot.proxy.Http2Peer.CANCEL;
import static dev.earshot.proxy.Http2Peer.INITIAL_WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.proxy.Http2Peer.Sending;
import dev.earshot.testkit.Eventually;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Frames that cost their sender next to nothing, without end (RFC 9113 section 10.5): either they
 * end their connection, or they cost the proxy nothing that grows. Nobody else notices.
 */
class Http2FloodTest {
  private static final int END = Http2Peer.END_STREAM;
  private static final byte[] NOTHING = {};

  /** Far more than a proxy should bear. */
  private static final int MOST = 5_000;

  /** In one write that is read at once, so that what follows is not sent in vain. */
  private static final int FEW = 20;

  /** In one write. */
  private static final int BURST = 1_000;

  /** Frames of a harmless flood; a buffer kept of each would be more than {@link #MOST_MEMORY}. */
  private static final int MANY = 50_000;

  /** Of one who is served in the meantime. */
  private static final int CALLS = 50;

  private static final int HANG_GUARD_SECONDS = 30;

  /** Much more than two connections may hold, much less than what is sent. */
  private static final long MOST_MEMORY = 3 << 20;

  /** One whose connection goes on; its calls are answered by an origin of its own. */
  private static final class Bystander implements AutoCloseable {
    private final ServerSocket listener = Http2Peer.listener();
    private final Http2Peer client;
    private final Http2Peer origin;
    private int calls;

    Bystander(RunningProxy proxy) throws IOException {
      String authority = "127.0.0.1:" + listener.getLocalPort();
      client = Http2Peer.through(proxy.controller().address(), authority);
      origin = Http2Peer.server(listener);
    }

    void isServed() throws IOException {
      int ofClient = 1 + 2 * calls;
      int ofProxy = 3 + 2 * calls;
      calls++;
      client.get(ofClient, "/");
      assertThat(origin.await(Http2Peer.HEADERS).stream()).isEqualTo(ofProxy);
      origin.headers(ofProxy, 0, ":status", "200").data(ofProxy, END, "call " + calls);
      assertThat(client.awaitBody(ofClient)).isEqualTo("call " + calls);
    }

    @Override
    public void close() throws IOException {
      client.close();
      origin.close();
      listener.close();
    }
  }

  /**
   * The connection ends with the code that says why, and that is told; another goes on. Of what is
   * sent nothing is left to be read when that happens: a reset would overtake the code.
   */
  private static void endsTheConnection(Sending before, Sending flood) throws Exception {
    try (var offender = Http2Pair.open();
        var other = new Bystander(offender.proxy())) {
      other.isServed();
      before.to(offender.client());
      assertThat(codeAtTheEndOf(offender.client(), flood)).isEqualTo(CALM);
      assertThat(offender.client().closed()).isTrue();
      assertThat(offender.proxy().traffic().all(TrafficEvent.ConnectionRefused.class))
          .extracting(TrafficEvent.ConnectionRefused::error)
          .contains("too_large");
      other.isServed();
    }
  }

  private static int codeAtTheEndOf(Http2Peer proxy, Sending flood) throws IOException {
    for (int sent = 0; sent < MOST; sent += FEW) {
      proxy.together(
          1,
          peer -> {
            for (int i = 0; i < FEW; i++) {
              flood.to(peer);
            }
            peer.frame(Http2Peer.PING, 0, 0, new byte[8]);
          });
      var answer =
          proxy.await(frame -> frame.type() == Http2Peer.PING || frame.type() == Http2Peer.GOAWAY);
      if (answer.type() == Http2Peer.GOAWAY) {
        return answer.number(4);
      }
    }
    throw new AssertionError(MOST + " were borne");
  }

  /** Sends without reading, until the connection is closed or there was far more than enough. */
  private static void flood(Http2Peer proxy, Sending sending) {
    try {
      for (int i = 0; i < MOST; i++) {
        sending.to(proxy);
      }
    } catch (IOException closed) {
      assertThat(closed).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void emptyContinuations() throws Exception {
    endsTheConnection(
        client -> client.frame(Http2Peer.HEADERS, END, 1, Http2Peer.block(":method", "GET")),
        client -> client.frame(Http2Peer.CONTINUATION, 0, 1, NOTHING));
  }

  @Test
  void emptyData() throws Exception {
    endsTheConnection(
        client -> client.headers(1, 0, Http2Peer.request("POST", "/")),
        client -> client.data(1, 0, ""));
  }

  @Test
  void rapidResets() throws Exception {
    var next = new AtomicInteger(1);
    endsTheConnection(
        client -> {},
        client -> {
          int stream = next.getAndAdd(2);
          client.get(stream, "/").reset(stream, CANCEL);
        });
  }

  /** The peer never resets, but has the proxy do it (CVE-2025-8671). */
  @Test
  void whatHasToBeReset() throws Exception {
    var next = new AtomicInteger(1);
    endsTheConnection(
        client -> {},
        client -> {
          int stream = next.getAndAdd(2);
          client.get(stream, "/").window(stream, 0);
        });
  }

  @Test
  void aHeadWithoutEnd() throws Exception {
    try (var offender = Http2Pair.open();
        var other = new Bystander(offender.proxy())) {
      offender.client().frame(Http2Peer.HEADERS, END, 1, Http2Peer.block(":method", "GET"));
      byte[] field = Http2Peer.block("x", "y".repeat(16_000));
      flood(offender.client(), client -> client.frame(Http2Peer.CONTINUATION, 0, 1, field));
      assertThat(offender.client().closed()).isTrue();
      assertThat(offender.refused().error()).isEqualTo("too_large");
      other.isServed();
    }
  }

  /** A frame that the proxy has to answer. */
  enum Answered {
    PING(Http2Peer.PING, 8),
    SETTINGS(Http2Peer.SETTINGS, 0);

    private final int type;
    private final int length;

    Answered(int type, int length) {
      this.type = type;
      this.length = length;
    }

    void burst(Http2Peer to) throws IOException {
      to.together(BURST, peer -> peer.frame(type, 0, 0, new byte[length]));
    }
  }

  /** How many are kept is bounded; what the kernel takes is its own to bound. */
  @ParameterizedTest
  @EnumSource
  void answersThatAreNotRead(Answered frame) throws Exception {
    try (var proxy = RunningProxy.start();
        var listener = Http2Peer.listener();
        var raw = RawClient.connectNarrow(proxy.controller().address());
        var offender = Http2Peer.through(raw, "127.0.0.1:" + listener.getLocalPort());
        var other = new Bystander(proxy)) {
      flood(offender, frame::burst);
      assertThat(offender.closed()).isTrue();
      assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class).error())
          .isEqualTo("too_large");
      other.isServed();
    }
  }

  @ParameterizedTest
  @EnumSource
  void answersThatAreRead(Answered frame) throws Exception {
    costsNothing(client -> {
      frame.burst(client);
      for (int i = 0; i < BURST; i++) {
        var _ = client.await(read -> read.type() == frame.type && (read.flags() & 1) != 0);
      }
    });
  }

  @Test
  void priorities() throws Exception {
    var stream = new AtomicInteger(1);
    costsNothing(client ->
        client.together(
            BURST, peer -> peer.frame(Http2Peer.PRIORITY, 0, stream.getAndAdd(2), new byte[5])));
  }

  @Test
  void framesThatNobodyKnows() throws Exception {
    costsNothing(client -> client.together(BURST, peer -> peer.frame(0x77, 0xff, 1, new byte[16])));
  }

  @Test
  void windowUpdates() throws Exception {
    costsNothing(client ->
        client.together(
            BURST, peer -> peer.frame(Http2Peer.WINDOW_UPDATE, 0, 0, new byte[] {0, 0, 0, 1})));
  }

  @Test
  void tinyData() throws Exception {
    // All of it is below the window of the stream.
    try (var pair = Http2Pair.open(new int[0], INITIAL_WINDOW, Integer.MAX_VALUE);
        var other = new Bystander(pair.proxy())) {
      pair.origin().window(0, 1 << 30);
      pair.client().headers(1, 0, Http2Peer.request("POST", "/"));
      other.isServed();
      long heap = heapInUse();
      for (int sent = 0; sent < MANY; sent += BURST) {
        pair.client().together(BURST, peer -> peer.frame(Http2Peer.DATA, 0, 1, new byte[] {'x'}));
      }
      pair.client().data(1, END, "");
      other.isServed();
      assertThat(pair.origin().awaitBody(3)).isEqualTo("x".repeat(MANY));
      keepsLittle(heap);
      pair.origin().headers(3, END, ":status", "204");
      assertThat(pair.client().await(Http2Peer.HEADERS).headers()).containsEntry(":status", "204");
    }
  }

  /** The flood goes on as long as another is served, and in the end its sender is served too. */
  private static void costsNothing(Sending burst) throws Exception {
    try (var pair = Http2Pair.open();
        var other = new Bystander(pair.proxy());
        var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      other.isServed();
      long heap = heapInUse();
      var enough = new AtomicBoolean();
      Future<Integer> frames =
          pool.submit(() -> {
            int sent = 0;
            while (sent < MANY || !enough.get()) {
              burst.to(pair.client());
              sent += BURST;
            }
            return sent;
          });
      for (int i = 0; i < CALLS; i++) {
        other.isServed();
      }
      enough.set(true);
      assertThat(frames.get(HANG_GUARD_SECONDS, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(MANY);
      keepsLittle(heap);
      pair.ask();
      pair.origin().headers(3, 0, ":status", "200").data(3, END, "served");
      assertThat(pair.client().awaitBody(1)).isEqualTo("served");
    }
  }

  private static void keepsLittle(long heapBefore) {
    assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(MOST_MEMORY);
    // One collection may leave what only the next one finds.
    Eventually.until("nothing is kept of the flood", () -> heapInUse() < heapBefore + MOST_MEMORY);
  }

  private static long heapInUse() {
    var memory = ManagementFactory.getMemoryMXBean();
    memory.gc();
    return memory.getHeapMemoryUsage().getUsed();
  }
}
