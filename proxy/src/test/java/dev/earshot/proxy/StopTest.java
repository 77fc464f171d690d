package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StopTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final Duration NEVER = RunningProxy.NEVER;

  @Test
  void anIdleClientIsClosedAtOnce() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client();
        var silent = proxy.client()) {
      client.send(get(origin));
      client.readHead();
      client.read(2);
      proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
      proxy.controller().stop(NEVER);
      assertThat(client.readAll()).isEmpty();
      assertThat(silent.readAll()).isEmpty();
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(0));
    }
  }

  @Test
  void aBusyExchangeMayEndWithinTheDrain() throws Exception {
    var gate = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.hold(gate);
              connection.send(OK);
            });
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin));
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      proxy.controller().stop(NEVER);
      gate.countDown();
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(client.readAll()).isEqualTo("hi");
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(0));
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeFinished.class)).hasSize(1);
    }
  }

  @Test
  void aLaterShorterStopCutsABusyExchangeAndALongerOneChangesNothing() throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.send(get(origin));
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      proxy.controller().stop(NEVER);
      proxy.controller().stop(Duration.ZERO);
      proxy.controller().stop(NEVER);
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(1));
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.STOPPING);
    }
  }

  @Test
  void aClientThatNeverReadsIsCut() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 200 OK\r\n\r\n");
              while (true) {
                connection.send(new byte[1 << 16]);
              }
            });
        var proxy = RunningProxy.start();
        var client = RawClient.connectNarrow(proxy.controller().address())) {
      client.send(get(origin));
      proxy.traffic().await(TrafficEvent.ResponseStarted.class);
      proxy.controller().stop(Duration.ofMillis(50));
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(1));
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.STOPPING);
    }
  }

  @Test
  void anOpenTunnelIsCutAfterTheDrain() throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.connect("127.0.0.1:" + origin.port());
      client.send("\1");
      proxy.traffic().await(TrafficEvent.TunnelOpened.class);
      proxy.controller().stop(Duration.ofMillis(50));
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(1));
      assertThat(proxy.traffic().all(TrafficEvent.TunnelClosed.class)).hasSize(1);
    }
  }

  @Test
  void aTunnelInWhichNothingWasSaidIsIdle() throws Exception {
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      client.connect("127.0.0.1:" + origin.port());
      proxy.controller().stop(NEVER);
      assertThat(client.readAll()).isEmpty();
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(0));
    }
  }

  @Test
  void aStopEndsDialling() throws Exception {
    try (var silent = SilentListener.start();
        var proxy = RunningProxy.start();
        var client = proxy.client();
        var connecting = proxy.client()) {
      String authority = "127.0.0.1:" + silent.port();
      connecting.send("CONNECT " + authority + " HTTP/1.1\r\nHost: x\r\n\r\n");
      client.send("GET http://" + authority + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      proxy.controller().stop(Duration.ofMillis(100));
      assertThat(end(proxy)).isInstanceOf(ProxyEnd.Closed.class);
      assertThat(proxy.traffic().all(TrafficEvent.ExchangeFailed.class))
          .extracting(TrafficEvent.ExchangeFailed::error)
          .containsOnly(FailureKind.STOPPING);
    }
  }

  @Test
  void aStopDoesNotWaitForAClientCheckThatHangs() throws Exception {
    var asked = new CountDownLatch(1);
    ClientCheck hanging =
        (client, listener) -> {
          asked.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return new ClientAnswer.Allowed(ClientProcess.UNKNOWN);
        };
    try (var proxy = RunningProxy.start(plan -> RunningProxy.with(plan, hanging));
        var client = proxy.client()) {
      assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
      proxy.controller().stop(NEVER);
      assertThat(end(proxy)).isEqualTo(new ProxyEnd.Closed(0));
      assertThat(client.readAll()).isEmpty();
    }
  }

  @Test
  void noThreadAndNoEventOutlivesTheEnd() throws Exception {
    var end = new CompletableFuture<ProxyEnd>();
    try (var origin = ScriptedOrigin.start(connection -> connection.drain());
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      var _ = proxy.controller().onEnd().thenAccept(end::complete);
      assertThat(proxy.controller().end()).isEmpty();
      client.send(get(origin));
      proxy.traffic().await(TrafficEvent.ExchangeStarted.class);
      proxy.controller().close();
      String events = proxy.traffic().toString();
      assertThat(Thread.getAllStackTraces().keySet())
          .extracting(Thread::getName)
          .noneMatch(name -> name.startsWith("earshot-") || name.startsWith("globalEvent"));
      assertThat(end).isCompletedWithValue(new ProxyEnd.Closed(1));
      assertThat(proxy.controller().end()).contains(new ProxyEnd.Closed(1));
      assertThat(proxy.traffic()).hasToString(events);
    }
  }

  @Test
  void aListenerWhoseDescriptorIsClosedUnderItIsAFailure() throws Exception {
    try (var proxy = RunningProxy.start()) {
      new FileDescriptor(listeningDescriptor(proxy.controller().address().getPort())).close();
      assertThat(end(proxy))
          .isInstanceOfSatisfying(
              ProxyEnd.Failed.class, failed -> assertThat(failed.error()).contains("listener"));
    }
  }

  @Test
  void manyMayStopAndWait() throws Exception {
    try (var proxy = RunningProxy.start()) {
      List<Thread> threads =
          IntStream.range(0, 32)
              .mapToObj(i -> Thread.ofVirtual().start(proxy.controller()::close))
              .toList();
      for (Thread thread : threads) {
        assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
      }
    }
  }

  private static ProxyEnd end(RunningProxy proxy) {
    Eventually.until("the proxy ended", () -> proxy.controller().end().isPresent());
    return proxy.controller().end().orElseThrow();
  }

  private static int listeningDescriptor(int port) throws IOException {
    String inode =
        Stream.of("tcp", "tcp6")
            .flatMap(table -> lines(Path.of("/proc/self/net", table)).stream())
            .map(line -> line.trim().split("\\s+"))
            .filter(columns -> columns[3].equals("0A"))
            .filter(columns -> columns[1].endsWith(":%04X".formatted(port)))
            .map(columns -> columns[9])
            .findFirst()
            .orElseThrow();
    try (var entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path entry : entries) {
        if (Files.isSymbolicLink(entry)
            && Files.readSymbolicLink(entry).toString().equals("socket:[" + inode + "]")) {
          return Integer.parseInt(entry.getFileName().toString());
        }
      }
    }
    throw new AssertionError("no descriptor of the listener");
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String get(ScriptedOrigin origin) {
    return "GET http://127.0.0.1:" + origin.port() + "/ HTTP/1.1\r\nHost: x\r\n\r\n";
  }
}
