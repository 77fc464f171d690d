package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FlowTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final int MEBIBYTE = 1 << 20;

  /** Much more than one exchange may hold, much less than what is sent. */
  private static final long MOST_MEMORY = 4 * MEBIBYTE;

  @Test
  void anOriginThatDoesNotReadBlocksTheClient() throws Exception {
    var gate = new CountDownLatch(1);
    int length = 64 * MEBIBYTE;
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.hold(gate);
              connection.read(length);
              connection.send(OK);
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(post(origin, "Content-Length: " + length));
      var sent = new AtomicLong();
      Thread sender = Thread.ofPlatform().start(() -> send(client, length, sent));
      awaitStandstill(sent);
      assertThat(sent.get()).isLessThan(length);
      assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(MOST_MEMORY);
      gate.countDown();
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      sender.join();
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).requestBytes())
          .isEqualTo(length);
    }
  }

  @Test
  void aClientThatDoesNotReadBlocksTheOrigin() throws Exception {
    int length = 64 * MEBIBYTE;
    var sent = new AtomicLong();
    try (var origin = ScriptedOrigin.start(connection -> download(connection, length, sent));
        var proxy = RunningProxy.start();
        var client = RawClient.connectNarrow(proxy.controller().address())) {
      client.send(get(origin));
      awaitStandstill(sent);
      assertThat(sent.get()).isLessThan(length);
      assertThat(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory()).isLessThan(MOST_MEMORY);
    }
  }

  @Test
  void aLargeDownloadNeedsLittleMemory() throws Exception {
    int length = 256 * MEBIBYTE;
    try (var origin =
            ScriptedOrigin.start(connection -> download(connection, length, new AtomicLong()));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin));
      client.readHead();
      var buffer = new byte[1 << 16];
      long count = 0;
      long most = 0;
      while (count < length) {
        int n = client.in().read(buffer);
        assertThat(n).isPositive();
        count += n;
        most = Math.max(most, PooledByteBufAllocator.DEFAULT.pinnedDirectMemory());
      }
      assertThat(most).isLessThan(MOST_MEMORY);
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).responseBytes())
          .isEqualTo(length);
    }
  }

  @Test
  void manyClientsAreServedAtATime() throws Exception {
    int count = 200;
    var started = new CountDownLatch(count);
    var answered = new AtomicInteger();
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              started.countDown();
              // Nobody is answered before all have asked.
              connection.hold(started);
              connection.send(OK);
            });
        var proxy = RunningProxy.start()) {
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        clients.add(
            Thread.ofVirtual()
                .start(() -> {
                  try (var client = proxy.client()) {
                    client.send(get(origin));
                    client.readHead();
                    if (client.read(2).equals("hi")) {
                      answered.incrementAndGet();
                    }
                  } catch (IOException e) {
                    // Not counted.
                  }
                }));
      }
      for (Thread client : clients) {
        client.join();
      }
      assertThat(answered).hasValue(count);
      proxy.traffic().await(TrafficEvent.ExchangeFinished.class, count);
    }
  }

  @Test
  void oneClientTooManyIsToldSo() throws Exception {
    var d = ProxyLimits.DEFAULT;
    var one =
        new ProxyLimits(
            d.headBytes(),
            d.headerCount(),
            d.chunkLineBytes(),
            d.trailerBytes(),
            1,
            d.idlePerHost(),
            d.idleInAll(),
            d.lowWater(),
            d.highWater(),
            d.streams(),
            d.streamWindow(),
            d.connectionWindow(),
            d.windowsInAll(),
            d.dials());
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, one));
        var first = proxy.client()) {
      first.send(get(origin));
      first.readHead();
      try (var second = proxy.client()) {
        assertThat(second.readAll())
            .startsWith("HTTP/1.1 503")
            .contains("earshot-error: too_many_clients");
      }
      assertThat(proxy.traffic().await(TrafficEvent.Warning.class).code())
          .isEqualTo("too_many_clients");
      first.read(2);
      first.send(get(origin));
      assertThat(first.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void anExchangeInWhichNothingMovesIsA504() throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(plan, ProxyTimeouts.DEFAULT.withIdle(Duration.ofMillis(100))));
        var client = proxy.client()) {
      client.send(get(origin));
      assertThat(client.readHead()).startsWith("HTTP/1.1 504").contains("earshot-error: timeout");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.error()).isEqualTo(FailureKind.TIMEOUT);
      assertThat(failed.detail()).isEqualTo("nothing moved for 100 ms");
    }
  }

  @Test
  void aSlowClientGetsTheWholeOfALastResponse() throws Exception {
    String body = "x".repeat(100_000);
    var quick =
        new ProxyTimeouts(
            RunningProxy.NEVER,
            RunningProxy.NEVER,
            RunningProxy.NEVER,
            RunningProxy.NEVER,
            RunningProxy.NEVER,
            RunningProxy.NEVER,
            Duration.ofMillis(50),
            RunningProxy.NEVER);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 200 OK\r\n\r\n" + body);
            });
        var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, quick));
        var slow = RawClient.connectNarrow(proxy.controller().address());
        var later = proxy.client()) {
      slow.send(get(origin));
      proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      later.send(get(origin));
      later.readAll();
      Eventually.until("the later one is closed, so the slow one was", () -> isReset(later));
      slow.readHead();
      assertThat(slow.readAll()).isEqualTo(body);
    }
  }

  @Test
  void anEarlyFinalResponseReachesAClientThatIsStillSending() throws Exception {
    int length = 8 * MEBIBYTE;
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 413 Too much\r\nContent-Length: 2\r\n\r\nno");
              connection.drain();
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(post(origin, "Content-Length: " + length));
      send(client, length, new AtomicLong());
      assertThat(client.readHead()).startsWith("HTTP/1.1 413").contains("Connection: close");
      assertThat(client.readAll()).isEqualTo("no");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFinished.class).requestBytes())
          .isEqualTo(length);
    }
  }

  @Test
  void aClientThatIsGoneWithinItsUploadEndsItForTheOrigin() throws Exception {
    for (boolean reset : new boolean[] {true, false}) {
      var cut = new CountDownLatch(1);
      try (var origin =
              ScriptedOrigin.start(connection -> {
                connection.readHead();
                try {
                  connection.drain();
                } finally {
                  cut.countDown();
                }
              });
          var proxy = RunningProxy.start();
          var client = proxy.client()) {
        client.send(post(origin, "Content-Length: 10") + "abc");
        proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
        if (reset) {
          client.reset();
        } else {
          client.socket().close();
        }
        assertThat(cut.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
            .isEqualTo(FailureKind.CLIENT_GONE);
      }
    }
  }

  @Test
  void aClientThatIsGoneBeforeTheResponseEndsItForTheOrigin() throws Exception {
    var cut = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              try {
                connection.drain();
              } finally {
                cut.countDown();
              }
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin));
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      client.reset();
      assertThat(cut.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.CLIENT_GONE);
    }
  }

  private static void download(ScriptedOrigin.Connection connection, int length, AtomicLong sent)
      throws IOException {
    connection.readHead();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
    var part = new byte[1 << 16];
    while (sent.get() < length) {
      connection.send(part);
      sent.addAndGet(part.length);
    }
  }

  private static void send(RawClient client, int length, AtomicLong sent) {
    var part = new byte[1 << 16];
    try {
      while (sent.get() < length) {
        client.out().write(part);
        sent.addAndGet(part.length);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until something was sent, and then nothing more for a while. */
  private static void awaitStandstill(AtomicLong sent) {
    long quiet = Duration.ofMillis(300).toNanos();
    long[] last = {0, System.nanoTime()};
    Eventually.until(
        "a standstill",
        () -> {
          if (sent.get() != last[0]) {
            last[0] = sent.get();
            last[1] = System.nanoTime();
          }
          return last[0] > 0 && System.nanoTime() - last[1] > quiet;
        });
  }

  private static boolean isReset(RawClient client) {
    try {
      client.send("x");
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  private static String get(ScriptedOrigin origin) {
    return "GET http://127.0.0.1:" + origin.port() + "/ HTTP/1.1\r\nHost: x\r\n\r\n";
  }

  private static String post(ScriptedOrigin origin, String header) {
    return "POST http://127.0.0.1:"
        + origin.port()
        + "/ HTTP/1.1\r\nHost: x\r\n"
        + header
        + "\r\n\r\n";
  }
}
