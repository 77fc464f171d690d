package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The children need python3 (Debian package python3). */
class BypassWatchTest {
  private static final InetSocketAddress NO_PROXY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

  /**
   * Connects to so many addresses of the loopback, says so, ends its output on a line from stdin,
   * and lives until that closes.
   */
  private static final String CONNECTIONS =
      """
      import socket, sys
      net, count, port = (int(word) for word in sys.argv[1:])
      def address(i):
          return f"127.{net}.{i // 250}.{1 + i % 250}", port
      all = [socket.create_connection(address(i)) for i in range(count)]
      print("ready", flush=True)
      for line in sys.stdin:
          for each in all:
              each.shutdown(socket.SHUT_WR)
      """;

  private final Queue<SessionEvent> events = new ConcurrentLinkedQueue<>();

  @Test
  void aThousandAreToldOnceEachThenAWarning() throws Exception {
    try (var listener = new ServerSocket(0, 2000, InetAddress.ofLiteral("0.0.0.0"));
        var one = Child.start(1, 600, listener.getLocalPort());
        var other = Child.start(2, 600, listener.getLocalPort())) {
      var watch = watch(one, other);
      Eventually.until(
          () -> "the limit is told, but " + events.size() + " events",
          () -> events.stream().anyMatch(it -> it instanceof SessionEvent.Warning));
      assertThat(watch.close()).extracting(Bypass.Seen::count).isEqualTo(1000L);
      assertThat(told()).hasSize(1000);
      assertThat(new HashSet<>(told())).hasSize(1000);
      assertThat(events).hasSize(1001);
    }
  }

  @Test
  void nothingIsToldAfterTheEnd() throws Exception {
    try (var listener = new ServerSocket(0, 50, InetAddress.ofLiteral("0.0.0.0"));
        var first = Child.start(1, 1, listener.getLocalPort())) {
      var watch = watch(first);
      Eventually.until("it is told", () -> told().size() == 1);
      watch.end();
      try (var second = Child.start(2, 1, listener.getLocalPort())) {
        assertThat(watch.close().count()).isEqualTo(1);
        assertThat(events).hasSize(1);
        assertThat(told().getFirst().pid()).isEqualTo(first.process.pid());
        assertThat(second.process.isAlive()).isTrue();
      }
    }
  }

  @Test
  void anotherTreeIsNotLookedAt() throws Exception {
    try (var listener = new ServerSocket(0, 50, InetAddress.ofLiteral("0.0.0.0"));
        var stranger = Child.start(1, 1, listener.getLocalPort());
        var own = Child.start(2, 1, listener.getLocalPort())) {
      var watch = watch(own);
      Eventually.until("one is told", () -> !told().isEmpty());
      assertThat(watch.close().count()).isEqualTo(1);
      assertThat(told().getFirst().pid()).isEqualTo(own.process.pid());
      assertThat(told().getFirst().hint()).contains("trust_env");
      assertThat(stranger.process.isAlive()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatOneSideHasEndedIsToldWhileItIsOpen(boolean byTheServer) throws Exception {
    try (var listener = new ServerSocket(0, 50, InetAddress.ofLiteral("0.0.0.0"));
        var child = Child.start(3, 1, listener.getLocalPort());
        var accepted = listener.accept()) {
      if (byTheServer) {
        accepted.shutdownOutput();
      } else {
        child.endOutput();
        assertThat(accepted.getInputStream().read()).isEqualTo(-1);
      }
      var watch = watch(child);
      Eventually.until("it is told", () -> told().size() == 1);
      assertThat(watch.close().count()).isEqualTo(1);
    }
  }

  private BypassWatch watch(Child... children) {
    Set<Long> roots = new HashSet<>();
    for (Child each : children) {
      roots.add(each.process.pid());
    }
    var tree = new SessionProcesses(() -> roots, _ -> false);
    return BypassWatch.start(1, tree, List.of(NO_PROXY), events::add);
  }

  private List<Bypass> told() {
    return events.stream()
        .filter(it -> it instanceof SessionEvent.Bypassed)
        .map(it -> ((SessionEvent.Bypassed) it).connection())
        .toList();
  }

  private record Child(Process process) implements AutoCloseable {
    static Child start(int net, int count, int port) throws IOException {
      Process process =
          new ProcessBuilder(
                  "python3",
                  "-c",
                  CONNECTIONS,
                  String.valueOf(net),
                  String.valueOf(count),
                  String.valueOf(port))
              .start();
      assertThat(process.inputReader().readLine()).isEqualTo("ready");
      return new Child(process);
    }

    void endOutput() throws IOException {
      process.outputWriter().append("\n").flush();
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      Eventually.until("the child ends", () -> !process.isAlive());
    }
  }
}
