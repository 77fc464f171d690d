package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Descriptors;
import dev.earshot.process.ExitReason;
import dev.earshot.process.OwnSignals;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.Redirect;
import dev.earshot.process.Signal;
import dev.earshot.process.Stdio;
import dev.earshot.process.StopPolicy;
import dev.earshot.testkit.Eventually;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions with a real shell and a real proxy: their order, and every way they end. */
class SessionTest {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration NOW = Duration.ZERO;

  /** Lives until somebody opens the FIFO for writing. */
  private static final String WAITING = "read _ < gate; ";

  private static final List<String> NORMAL =
      List.of(
          "Starting",
          "ProxyStarting",
          "ProxyStarted",
          "process Starting",
          "process Started",
          "Started",
          "process Exited",
          "process TreeGone",
          "Stopping",
          "ProxyStopped",
          "Stopped");

  @TempDir Path folder;
  private final EventLog log = new EventLog();
  private final Subscription events = log.subscribe();
  private final Cancellation parent = Cancellation.root();

  @Test
  void anEndByItselfIsToldInOrder() throws Exception {
    try (var session = start(plan("exit 3"))) {
      SessionResult result = session.await();
      assertThat(result.exitCode()).isEqualTo(3);
      assertThat(result.cause()).isEqualTo(StopCause.PROCESS_EXITED);
      assertThat(result.failure()).isEmpty();
      assertThat(kinds(rest())).isEqualTo(NORMAL);
      assertThat(folder.resolve("state/earshot/sessions")).isEmptyDirectory();
    }
  }

  @Test
  void aStopIsToldBeforeItsSignal() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      List<SessionEvent> before = until(SessionEvent.Started.class);
      assertThat(session.stop(StopCause.USER)).isTrue();
      assertThat(session.stop(StopCause.TIMEOUT)).isFalse();
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.USER);
      assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.SIGNAL);
      assertThat(result.process().orElseThrow().requested()).isTrue();
      assertThat(before).hasSize(6);
      assertThat(kinds(rest()))
          .containsExactly(
              "Stopping",
              "process Signaled",
              "process Exited",
              "process TreeGone",
              "ProxyStopped",
              "Stopped");
    }
  }

  @Test
  void aStubbornCommandIsKilledWhenTheGraceIsOver() throws Exception {
    try (var session = start(plan("trap '' TERM; : > ready; " + WAITING, NOW))) {
      awaitReady();
      session.stop(StopCause.USER);
      SessionResult result = session.await();
      assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertThat(result.exitCode()).isEqualTo(137);
      assertThat(result.forced().processes()).isEqualTo(1);
    }
  }

  @Test
  void killNowDoesNotWaitForTheGrace() throws Exception {
    try (var session = start(plan("trap '' TERM; : > ready; " + WAITING, NEVER))) {
      awaitReady();
      session.stop(StopCause.USER);
      session.killNow();
      assertThat(session.await().process().orElseThrow().reason())
          .isEqualTo(ExitReason.FORCED_KILL);
    }
  }

  @Test
  void whatTheCommandLeavesBehindIsEndedToo() throws Exception {
    try (var session = start(plan("(" + WAITING + ") & exit 4", NEVER))) {
      SessionResult result = session.await();
      assertThat(result.exitCode()).isEqualTo(4);
      assertThat(result.cause()).isEqualTo(StopCause.PROCESS_EXITED);
      List<SessionEvent> all = rest();
      assertThat(kinds(all))
          .containsSubsequence(
              "process Exited", "process Signaled", "process TreeGone", "Stopping", "Stopped");
      assertThat(all)
          .contains(
              new SessionEvent.Command(
                  1,
                  new ProcessEvent.Signaled(
                      Signal.TERM, ProcessEvent.Target.GROUP, ProcessEvent.Why.LEFTOVER)));
    }
  }

  @Test
  void theTimeOutStopsTheRun() throws Exception {
    try (var session = start(plan(WAITING, NEVER).withTimeout(Duration.ofMillis(1)))) {
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.TIMEOUT);
      assertThat(result.exitCode()).isEqualTo(124);
    }
  }

  @Test
  void cancellingTheParentScopeStopsTheSession() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      parent.cancel(StopCause.API);
      assertThat(session.await().cause()).isEqualTo(StopCause.API);
    }
  }

  @Test
  void nothingIsStartedOnceAStopHasBegun() throws Exception {
    parent.cancel(StopCause.API);
    try (var session = start(plan("exit 3"))) {
      SessionResult result = session.await();
      assertThat(result.process()).isEmpty();
      assertThat(kinds(rest()))
          .containsExactly(
              "Starting", "ProxyStarting", "ProxyStarted", "Stopping", "ProxyStopped", "Stopped");
    }
  }

  @Test
  void stoppingAtAnyMomentOfTheStartEndsWell() throws Exception {
    for (int round = 0; round < 20; round++) {
      var ownLog = new EventLog();
      try (var all = ownLog.subscribe();
          var session = Session.start(plan(WAITING, NEVER), ownLog, Cancellation.root())) {
        for (int seen = 0; seen < round % 7; seen++) {
          assertThat(all.take()).isPresent();
        }
        session.stop(StopCause.USER);
        assertThat(session.await().cause()).isEqualTo(StopCause.USER);
        List<SessionEvent> left = EventLogTest.events(EventLogTest.all(all));
        assertThat(left).last().isInstanceOf(SessionEvent.Stopped.class);
        assertThat(left).filteredOn(e -> e instanceof SessionEvent.Stopping).hasSize(1);
      }
    }
  }

  @Test
  void thirtyTwoThreadsMayStopAndAwait() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      var go = new CountDownLatch(1);
      List<Thread> threads = new ArrayList<>();
      List<SessionResult> results = Collections.synchronizedList(new ArrayList<>());
      for (int i = 0; i < 32; i++) {
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    go.await();
                    session.stop(StopCause.USER);
                    results.add(session.await());
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
      }
      go.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(results).hasSize(32).containsOnly(session.await());
      assertThat(kinds(rest())).filteredOn("Stopped"::equals).hasSize(1);
    }
  }

  @Test
  void interruptingAWaiterLeavesTheSessionAlone() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      Thread.currentThread().interrupt();
      assertThat(awaitIsInterrupted(session)).isTrue();
      assertThat(session.await(NOW)).isEmpty();
    }
  }

  @Test
  void aTakenPortUndoesTheStart() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var plan = plan("exit 0");
      var there = new InetSocketAddress(taken.getInetAddress(), taken.getLocalPort());
      try (var session = start(plan.withTraffic(bound(plan.traffic(), there)))) {
        SessionResult result = session.await();
        assertThat(result.exitCode()).isEqualTo(125);
        assertThat(result.cause()).isEqualTo(StopCause.PROXY_FAILED);
        assertThat(result.failure().orElseThrow()).contains("in use");
        assertThat(kinds(rest()))
            .containsExactly("Starting", "ProxyStarting", "ProxyStopped", "Stopping", "Stopped");
      }
    }
  }

  @Test
  void aFolderThatCannotBeWrittenUndoesTheStart() throws Exception {
    var plan = plan("exit 0");
    var folders =
        new SessionFolders(
            Optional.empty(), Path.of("/proc/none"), Path.of("/proc/neither"), Optional.empty());
    try (var session =
        start(
            new SessionPlan(
                plan.command(),
                plan.stop(),
                plan.traffic(),
                plan.injection(),
                folders,
                Optional.empty(),
                AfterEnd.END_SESSION,
                plan.ownership()))) {
      SessionResult result = session.await();
      assertThat(result.exitCode()).isEqualTo(125);
      assertThat(result.failure().orElseThrow()).contains("/proc/none");
      assertThat(kinds(rest())).endsWith("Fatal", "Stopping", "Stopped");
    }
  }

  @Test
  void aCommandThatCannotStartUndoesTheStart() throws Exception {
    var plan = SessionPlan.of(environment(folder), "no-such-command-anywhere");
    try (var session = start(plan)) {
      SessionResult result = session.await();
      assertThat(result.exitCode()).isEqualTo(127);
      assertThat(result.cause()).isEqualTo(StopCause.PROCESS_FAILED);
      assertThat(kinds(rest()))
          .containsExactly(
              "Starting",
              "ProxyStarting",
              "ProxyStarted",
              "process Starting",
              "process Exited",
              "Stopping",
              "ProxyStopped",
              "Stopped");
    }
  }

  @Test
  void aStolenStatusIsARuntimeError() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      // The kernel itself now waits for our children, and keeps nothing for us (waitid(2), NOTES).
      OwnSignals.ignore(Signal.CHLD);
      try {
        Files.writeString(folder.resolve("gate"), "\n");
        SessionResult result = session.await();
        assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.RUNTIME_ERROR);
        assertThat(result.exitCode()).isEqualTo(125);
        assertThat(kinds(rest()))
            .containsExactly(
                "process Exited",
                "process TreeGone",
                "Fatal",
                "Stopping",
                "ProxyStopped",
                "Stopped");
      } finally {
        // The JDK does so, too, before it starts a child.
        new ProcessBuilder("true").start().waitFor();
      }
    }
  }

  @Test
  void aListenerThatIsClosedUnderTheProxyStopsTheSession() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      List<SessionEvent> before = until(SessionEvent.Started.class);
      int port =
          before.stream()
              .filter(e -> e instanceof SessionEvent.ProxyStarted)
              .map(e -> ((SessionEvent.ProxyStarted) e).address().getPort())
              .findFirst()
              .orElseThrow();
      Descriptors.replaceByNull(listener(port));
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.PROXY_FAILED);
      assertThat(result.exitCode()).isEqualTo(125);
      assertThat(kinds(rest()))
          .containsExactly(
              "Fatal",
              "Stopping",
              "process Signaled",
              "process Exited",
              "process TreeGone",
              "ProxyStopped",
              "Stopped");
    }
  }

  @Test
  void fiftySessionsLeaveNothingBehind() throws Exception {
    for (int round = 0; round < 50; round++) {
      try (var session = Session.start(plan("exit 0"), new EventLog(), Cancellation.root())) {
        assertThat(session.await().exitCode()).isZero();
      }
    }
  }

  private Session start(SessionPlan plan) {
    return Session.start(plan, log, parent);
  }

  private SessionPlan plan(String script) throws Exception {
    return plan(script, NEVER);
  }

  private SessionPlan plan(String script, Duration grace) throws Exception {
    return plan(folder, script, grace);
  }

  /** A silent script that runs in the folder, in which there is a FIFO named gate. */
  static SessionPlan plan(Path folder, String script, Duration grace) throws Exception {
    Path gate = folder.resolve("gate");
    if (!Files.exists(gate)) {
      assertThat(new ProcessBuilder("mkfifo", gate.toString()).start().waitFor()).isZero();
    }
    var plan = SessionPlan.of(environment(folder), "sh", "-c", script);
    var command =
        plan.command()
            .withDirectory(folder.toString())
            .withStdio(new Stdio(new Redirect.Null(), new Redirect.Null(), new Redirect.Null()));
    return new SessionPlan(
        command,
        new StopPolicy(Signal.TERM, grace, NEVER),
        plan.traffic(),
        plan.injection(),
        plan.folders(),
        Optional.empty(),
        AfterEnd.END_SESSION,
        plan.ownership());
  }

  static Map<String, String> environment(Path folder) {
    return Map.of(
        "PATH", System.getenv("PATH"),
        "HOME", folder.toString(),
        "XDG_STATE_HOME", folder.resolve("state").toString());
  }

  private static TrafficPlan bound(TrafficPlan plan, InetSocketAddress there) {
    return new TrafficPlan(
        there,
        plan.credentials(),
        plan.reverse(),
        plan.intercept(),
        plan.passthrough(),
        plan.proxies(),
        plan.anchors(),
        plan.insecure(),
        plan.clientCertificates(),
        plan.connectTimeout(),
        plan.idleTimeout(),
        plan.drain(),
        plan.keyLog());
  }

  private void awaitReady() {
    Eventually.until("the command is ready", () -> Files.exists(folder.resolve("ready")));
  }

  private static boolean awaitIsInterrupted(Session session) {
    try {
      session.await();
      return false;
    } catch (InterruptedException e) {
      return true;
    }
  }

  /** The events up to the first of this type. */
  private List<SessionEvent> until(Class<? extends SessionEvent> last) throws Exception {
    List<SessionEvent> seen = new ArrayList<>();
    while (true) {
      SessionEvent next = events.take().orElseThrow().event();
      seen.add(next);
      if (last.isInstance(next)) {
        return seen;
      }
    }
  }

  private List<SessionEvent> rest() throws Exception {
    return EventLogTest.events(EventLogTest.all(events));
  }

  private static List<String> kinds(List<SessionEvent> all) {
    return all.stream()
        .map(event ->
            event instanceof SessionEvent.Command(_, var process)
                ? "process " + process.getClass().getSimpleName()
                : event.getClass().getSimpleName())
        .toList();
  }

  /** Our descriptor of the socket that listens on a port. */
  static int listener(int port) throws Exception {
    String inode =
        Stream.concat(
                Files.readAllLines(Path.of("/proc/net/tcp")).stream(),
                Files.readAllLines(Path.of("/proc/net/tcp6")).stream())
            .map(line -> line.strip().split(" +", -1))
            .filter(row -> row[1].endsWith(String.format(":%04X", port)) && row[3].equals("0A"))
            .map(row -> row[9])
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
    throw new AssertionError("no descriptor listens on " + port);
  }
}
