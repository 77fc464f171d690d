package dev.earshot.session;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.Descriptors;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessEvent;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions whose command runs more than once: what is told in which order, and who wins. */
class RestartTest {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration NOW = Duration.ZERO;
  private static final Duration GIVE_UP = Duration.ofSeconds(20);

  /** Lives until somebody opens the FIFO for writing. */
  private static final String WAITING = "read _ < gate; ";

  /** Does not die of TERM once there is a line for it in the file. */
  private static final String STUBBORN = "trap '' TERM; echo >> ready; " + WAITING;

  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final List<String> START =
      List.of("Starting", "ProxyStarting", "ProxyStarted", "1 Starting", "1 Started", "Started");

  @TempDir Path folder;
  private final EventLog log = new EventLog();
  private final Subscription events = log.subscribe();
  private final List<SessionEvent> seen = new ArrayList<>();

  @Test
  void aRestartEndsTheRunAndStartsTheNext() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(2));
      untilRuns(2);
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(3));
      untilRuns(3);
      session.stop(StopCause.USER);
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.USER);
      assertThat(result.process().orElseThrow().requested()).isTrue();
      assertThat(result.forced().processes()).isZero();
      assertThat(names(all()))
          .isEqualTo(
              after(
                  "1 Signaled TERM restart",
                  "1 Exited",
                  "1 TreeGone",
                  "Restarting 2",
                  "2 Starting",
                  "2 Started",
                  "2 Signaled TERM restart",
                  "2 Exited",
                  "2 TreeGone",
                  "Restarting 3",
                  "3 Starting",
                  "3 Started",
                  "Stopping",
                  "3 Signaled TERM stop",
                  "3 Exited",
                  "3 TreeGone",
                  "ProxyStopped",
                  "Stopped"));
    }
  }

  @Test
  void theResultIsThatOfTheLastRun() throws Exception {
    String script = "echo >> ready; if [ -e second ]; then exit 7; fi; " + WAITING;
    try (var session = start(plan(script, NEVER))) {
      ready(1);
      Files.createFile(folder.resolve("second"));
      session.restart();
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.PROCESS_EXITED);
      assertThat(result.exitCode()).isEqualTo(7);
      assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.phases().terminate()).isZero();
      assertThat(names(all()))
          .endsWith("2 Exited", "2 TreeGone", "Stopping", "ProxyStopped", "Stopped");
    }
  }

  @Test
  void eachRunIsGivenTheSameProxy() throws Exception {
    try (var session = start(plan("echo $http_proxy >> urls; echo >> ready; " + WAITING, NEVER))) {
      ready(1);
      session.restart();
      ready(2);
      String url = "http://127.0.0.1:" + proxy().getPort();
      assertThat(Files.readAllLines(folder.resolve("urls"))).containsExactly(url, url);
    }
  }

  @Test
  void aStubbornRunIsKilledAndTheNextBegins() throws Exception {
    try (var session = start(plan(STUBBORN, NOW))) {
      ready(1);
      session.restart();
      ready(2);
      session.stop(StopCause.USER);
      SessionResult result = session.await();
      assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertThat(result.forced().processes()).isEqualTo(2);
      assertThat(names(all()))
          .isEqualTo(
              after(
                  "1 Signaled TERM restart",
                  "1 Signaled KILL escalation",
                  "1 Exited",
                  "1 TreeGone",
                  "Restarting 2",
                  "2 Starting",
                  "2 Started",
                  "Stopping",
                  "2 Signaled TERM stop",
                  "2 Signaled KILL escalation",
                  "2 Exited",
                  "2 TreeGone",
                  "ProxyStopped",
                  "Stopped"));
    }
  }

  @Test
  void aRestartDuringARestartIsRefusedAndAStopWins() throws Exception {
    try (var session = start(plan(STUBBORN, NEVER))) {
      ready(1);
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(2));
      assertRefused(session.restart(), "already under way");
      until(isOf(1, ProcessEvent.Signaled.class));
      session.stop(StopCause.USER);
      until(SessionEvent.Stopping.class);
      assertRefused(session.restart(), "stopping");
      session.killNow();
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.USER);
      assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertRefused(session.restart(), "ended");
      assertThat(names(all()))
          .isEqualTo(
              after(
                  "1 Signaled TERM restart",
                  "Stopping",
                  "1 Signaled KILL escalation",
                  "1 Exited",
                  "1 TreeGone",
                  "ProxyStopped",
                  "Stopped"));
    }
  }

  @Test
  void killingDuringARestartEndsTheSession() throws Exception {
    try (var session = start(plan(STUBBORN, NEVER))) {
      ready(1);
      session.restart();
      until(isOf(1, ProcessEvent.Signaled.class));
      session.killNow();
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.API);
      assertThat(result.process().orElseThrow().reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertThat(names(all())).endsWith("1 TreeGone", "ProxyStopped", "Stopped");
    }
  }

  @Test
  void aStopAtAnyMomentOfARestartEndsTheSession() throws Exception {
    var random = new Random(30);
    for (int round = 0; round < 30; round++) {
      var ownLog = new EventLog();
      try (var own = ownLog.subscribe();
          var session = Session.start(plan(WAITING, NEVER), ownLog, Cancellation.root())) {
        List<SessionEvent> all = new ArrayList<>();
        takeUntil(own, all, SessionEvent.Started.class::isInstance);
        session.restart();
        for (int spin = random.nextInt(400_000); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        session.stop(StopCause.USER);
        assertThat(session.await().cause()).isEqualTo(StopCause.USER);
        all.addAll(EventLogTest.events(EventLogTest.all(own)));
        List<String> names = names(all);
        assertThat(names).last().isEqualTo("Stopped");
        assertThat(names).containsOnlyOnce("Stopping", "Started", "1 TreeGone", "ProxyStopped");
        assertThat(names.subList(names.indexOf("Stopping"), names.size()))
            .doesNotContain("Restarting 2");
        assertThat(names.contains("2 Starting")).isEqualTo(names.contains("Restarting 2"));
        assertThat(names.contains("2 TreeGone")).isEqualTo(names.contains("2 Started"));
      }
    }
  }

  @Test
  void eightThreadsMayAskForARestart() throws Exception {
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      List<Integer> accepted = Collections.synchronizedList(new ArrayList<>());
      var go = new CountDownLatch(1);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        // Not virtual ones, which would leave no processor to those of the session.
        threads.add(Thread.ofPlatform().start(() -> restartManyTimes(session, go, accepted)));
      }
      go.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      session.stop(StopCause.USER);
      session.await();
      List<SessionEvent> all = all();
      Collections.sort(accepted);
      assertThat(accepted).hasSizeGreaterThanOrEqualTo(20).doesNotHaveDuplicates();
      assertThat(accepted).first().isEqualTo(2);
      assertThat(accepted).last().isEqualTo(accepted.size() + 1);
      List<Integer> begun =
          all.stream()
              .filter(SessionEvent.Restarting.class::isInstance)
              .map(event -> ((SessionEvent.Restarting) event).run())
              .toList();
      // The last one that was accepted may have met the stop.
      assertThat(begun).isIn(accepted, accepted.subList(0, accepted.size() - 1));
      assertThat(names(all)).filteredOn("Stopped"::equals).hasSize(1);
    }
  }

  /** Until all of them together were heard 20 times. */
  private static void restartManyTimes(Session session, CountDownLatch go, List<Integer> accepted) {
    try {
      go.await();
      while (accepted.size() < 20 && session.await(NOW).isEmpty()) {
        if (session.restart() instanceof RestartAnswer.Accepted(int run)) {
          accepted.add(run);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aSessionThatStaysOpenServesAndRunsAgain() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var session = start(plan("exit 3", NEVER).withAfterEnd(AfterEnd.STAY_OPEN))) {
      untilGone(1);
      assertThat(get(origin)).startsWith("HTTP/1.1 200 OK");
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(2));
      untilGone(2);
      assertThat(session.await(NOW)).isEmpty();
      session.stop(StopCause.USER);
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.USER);
      assertThat(result.exitCode()).isEqualTo(3);
      assertThat(names(all()))
          .filteredOn(name -> !name.startsWith("Traffic"))
          .isEqualTo(
              after(
                  "1 Exited",
                  "1 TreeGone",
                  "Restarting 2",
                  "2 Starting",
                  "2 Started",
                  "2 Exited",
                  "2 TreeGone",
                  "Stopping",
                  "ProxyStopped",
                  "Stopped"));
    }
  }

  @Test
  void aRestartWhileLeftoversEndWaitsForThem() throws Exception {
    String script = "(trap '' TERM; echo >> ready; " + WAITING + ") & read _ < end; exit 4";
    mkfifo("end");
    try (var session = start(plan(script, NEVER).withAfterEnd(AfterEnd.STAY_OPEN))) {
      ready(1);
      Files.writeString(folder.resolve("end"), "\n");
      until(isOf(1, ProcessEvent.Signaled.class));
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(2));
      assertRefused(session.restart(), "already under way");
      Files.writeString(folder.resolve("gate"), "\n");
      untilRuns(2);
      assertThat(names(seen))
          .isEqualTo(
              after(
                  "1 Exited",
                  "1 Signaled TERM leftover",
                  "1 TreeGone",
                  "Restarting 2",
                  "2 Starting",
                  "2 Started"));
      session.killNow();
    }
  }

  @Test
  void killingAnIdleSessionEndsIt() throws Exception {
    try (var session = start(plan("exit 0", NEVER).withAfterEnd(AfterEnd.STAY_OPEN))) {
      untilGone(1);
      session.killNow();
      assertThat(session.await().cause()).isEqualTo(StopCause.API);
      assertThat(names(all())).endsWith("1 TreeGone", "Stopping", "ProxyStopped", "Stopped");
    }
  }

  @Test
  void aListenerThatIsClosedUnderAnIdleSessionEndsIt() throws Exception {
    try (var session = start(plan("exit 0", NEVER).withAfterEnd(AfterEnd.STAY_OPEN))) {
      untilGone(1);
      Descriptors.replaceByNull(SessionTest.listener(proxy().getPort()));
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.PROXY_FAILED);
      assertThat(result.exitCode()).isEqualTo(125);
      assertThat(names(all()))
          .endsWith("1 TreeGone", "Fatal", "Stopping", "ProxyStopped", "Stopped");
    }
  }

  @Test
  void theTimeOutCountsForEachRunFromItsStart() throws Exception {
    String script = "if [ -e second ]; then " + WAITING + "fi; : > second";
    var plan = plan(script, NEVER).withAfterEnd(AfterEnd.STAY_OPEN);
    try (var session = start(plan.withTimeout(Duration.ofSeconds(2)))) {
      untilGone(1);
      session.restart();
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.TIMEOUT);
      assertThat(result.exitCode()).isEqualTo(124);
      assertThat(names(all())).endsWith("2 Exited", "2 TreeGone", "ProxyStopped", "Stopped");
    }
  }

  @Test
  void aRunThatCannotStartEndsTheSession() throws Exception {
    Path script = executable();
    try (var session = start(planOf(script))) {
      ready(1);
      Files.delete(script);
      session.restart();
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.PROCESS_FAILED);
      assertThat(result.exitCode()).isEqualTo(127);
      assertThat(names(all()))
          .isEqualTo(
              after(
                  "1 Signaled TERM restart",
                  "1 Exited",
                  "1 TreeGone",
                  "Restarting 2",
                  "2 Starting",
                  "2 Exited",
                  "Stopping",
                  "ProxyStopped",
                  "Stopped"));
    }
  }

  @Test
  void aRunThatCannotStartLeavesASessionOpenThatStays() throws Exception {
    Path script = executable();
    try (var session = start(planOf(script).withAfterEnd(AfterEnd.STAY_OPEN))) {
      ready(1);
      Files.delete(script);
      session.restart();
      until(isOf(2, ProcessEvent.Exited.class));
      executable();
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(3));
      untilRuns(3);
      ready(folder.resolve("ready"), 2);
      Files.delete(script);
      session.restart();
      until(isOf(4, ProcessEvent.Exited.class));
      session.stop(StopCause.USER);
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.USER);
      assertThat(result.exitCode()).isEqualTo(127);
    }
  }

  @Test
  void aFirstRunThatCannotStartEndsASessionThatWouldStay() throws Exception {
    try (var session = start(planOf(folder.resolve("none")).withAfterEnd(AfterEnd.STAY_OPEN))) {
      SessionResult result = session.await();
      assertThat(result.cause()).isEqualTo(StopCause.PROCESS_FAILED);
      assertThat(result.exitCode()).isEqualTo(127);
    }
  }

  @Test
  void anExchangeInFlightKeepsItsRun() throws Exception {
    var gate = new CountDownLatch(1);
    try (var slow =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.hold(gate);
              connection.send(OK);
            });
        var quick = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var opaque = ScriptedOrigin.start(ScriptedOrigin.Connection::drain);
        var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      try (var inFlight = connect();
          var tunnel = connect()) {
        send(inFlight, request(slow));
        until(isTraffic(TrafficEvent.ExchangeStarted.class));
        send(tunnel, "CONNECT 127.0.0.1:" + opaque.port() + " HTTP/1.1\r\n\r\n");
        send(tunnel, "\0no HTTP, no TLS");
        until(isTraffic(TrafficEvent.TunnelOpened.class));
        session.restart();
        untilRuns(2);
        assertThat(get(quick)).startsWith("HTTP/1.1 200 OK");
        until(isTraffic(TrafficEvent.ExchangeFinished.class));
        gate.countDown();
        until(isTraffic(TrafficEvent.ExchangeFinished.class));
        tunnel.shutdownOutput();
        until(isTraffic(TrafficEvent.TunnelClosed.class));
      } finally {
        gate.countDown();
      }
      assertThat(names(seen))
          .filteredOn(name -> name.startsWith("Traffic"))
          .containsExactly(
              "Traffic 1 ExchangeStarted",
              "Traffic 1 TunnelOpened",
              "Traffic 2 ExchangeStarted",
              "Traffic 2 ResponseStarted",
              "Traffic 2 ExchangeFinished",
              "Traffic 1 ResponseStarted",
              "Traffic 1 ExchangeFinished",
              "Traffic 1 TunnelClosed");
    }
  }

  @Test
  void manyRestartsLeaveNothingBehind() throws Exception {
    boolean stress = Boolean.getBoolean("stress");
    int last = stress ? 1_000 : 50;
    try (var session = start(plan(WAITING, NEVER))) {
      until(SessionEvent.Started.class);
      restart(session, 2, last / 5);
      List<String> threads = threadsOfARun();
      long descriptors = descriptors();
      long memory = heapInUse();
      restart(session, last / 5 + 1, last);
      Eventually.until(
          () -> "as many threads as before: " + threads + ", not " + threads(),
          () -> threads().equals(threads));
      Eventually.until("as many descriptors as before", () -> descriptors() <= descriptors);
      if (stress) {
        assertThat(heapInUse()).isLessThan(memory + (1 << 20));
      }
      session.stop(StopCause.USER);
      assertThat(session.await().cause()).isEqualTo(StopCause.USER);
    }
  }

  /** Runs it again, from one run to another; what was told is forgotten. */
  private void restart(Session session, int first, int last) throws Exception {
    for (int run = first; run <= last; run++) {
      assertThat(session.restart()).isEqualTo(new RestartAnswer.Accepted(run));
      untilRuns(run);
      seen.clear();
    }
  }

  /** Once the two of the present run are there. */
  private static List<String> threadsOfARun() {
    Eventually.until(
        () -> "a run's two threads: " + threads(),
        () -> threads().containsAll(List.of("process-owner", "process-waiter-")));
    return threads();
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.matches("(process-(owner|waiter)|earshot-).*"))
        .map(name -> name.replaceAll("[0-9]+$", ""))
        .sorted()
        .toList();
  }

  private static long descriptors() throws IOException {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  private static long heapInUse() {
    var memory = ManagementFactory.getMemoryMXBean();
    memory.gc();
    return memory.getHeapMemoryUsage().getUsed();
  }

  private Session start(SessionPlan plan) {
    return Session.start(plan, log, Cancellation.root());
  }

  private SessionPlan plan(String script, Duration grace) throws Exception {
    return SessionTest.plan(folder, script, grace);
  }

  private SessionPlan planOf(Path command) {
    return SessionPlan.of(SessionTest.environment(folder), command.toString());
  }

  /** A script that lives until it is stopped. */
  private Path executable() throws Exception {
    mkfifo("gate");
    Path script = folder.resolve("script");
    String text = "#!/bin/sh\ncd %s; echo >> ready; %s\n".formatted(folder, WAITING);
    // Written by a process of its own: a file that is open for writing somewhere cannot be run.
    var writer = new ProcessBuilder("sh", "-c", "cat > script && chmod +x script");
    var running = writer.directory(folder.toFile()).start();
    try (var out = running.getOutputStream()) {
      out.write(text.getBytes(ISO_8859_1));
    }
    assertThat(running.waitFor()).isZero();
    return script;
  }

  private void mkfifo(String name) throws Exception {
    Path fifo = folder.resolve(name);
    if (!Files.exists(fifo)) {
      assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    }
  }

  /** Once the run is known to have started, and has itself said that it has come so far. */
  private void ready(int run) throws Exception {
    untilRuns(run);
    ready(folder.resolve("ready"), run);
  }

  private static void ready(Path file, int runs) {
    Eventually.until(
        runs + " runs are ready",
        () -> Files.exists(file) && Files.readAllLines(file).size() == runs);
  }

  private InetSocketAddress proxy() {
    return seen.stream()
        .filter(SessionEvent.ProxyStarted.class::isInstance)
        .map(event -> ((SessionEvent.ProxyStarted) event).address())
        .findFirst()
        .orElseThrow();
  }

  private Socket connect() throws IOException {
    return new Socket(proxy().getAddress(), proxy().getPort());
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
  }

  private static String request(ScriptedOrigin origin) {
    String authority = "127.0.0.1:" + origin.port();
    return "GET http://%s/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
        .formatted(authority, authority);
  }

  /** The answer to a request through the proxy. */
  private String get(ScriptedOrigin origin) throws IOException {
    try (var client = connect()) {
      send(client, request(origin));
      return new String(client.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  private void until(Class<? extends SessionEvent> last) throws Exception {
    until(last::isInstance);
  }

  private void untilRuns(int run) throws Exception {
    until(isOf(run, ProcessEvent.Started.class));
  }

  private void untilGone(int run) throws Exception {
    until(isOf(run, ProcessEvent.TreeGone.class));
  }

  private static void assertRefused(RestartAnswer answer, String why) {
    assertThat(answer)
        .isInstanceOfSatisfying(
            RestartAnswer.Refused.class, refused -> assertThat(refused.why()).contains(why));
  }

  private static Predicate<SessionEvent> isOf(int run, Class<? extends ProcessEvent> kind) {
    return event ->
        event instanceof SessionEvent.Command(var of, var process)
            && of == run
            && kind.isInstance(process);
  }

  private static Predicate<SessionEvent> isTraffic(Class<? extends TrafficEvent> kind) {
    return event ->
        event instanceof SessionEvent.Traffic(_, var traffic) && kind.isInstance(traffic);
  }

  private void until(Predicate<SessionEvent> last) throws Exception {
    takeUntil(events, seen, last);
  }

  private static void takeUntil(
      Subscription from, List<SessionEvent> into, Predicate<SessionEvent> last) throws Exception {
    SessionEvent next;
    do {
      next =
          from.poll(GIVE_UP)
              .orElseThrow(() -> new AssertionError("nothing more after " + names(into)))
              .event();
      into.add(next);
    } while (!last.test(next));
  }

  /** Everything that was told, up to the end of the session. */
  private List<SessionEvent> all() throws Exception {
    seen.addAll(EventLogTest.events(EventLogTest.all(events)));
    return seen;
  }

  private static List<String> after(String... more) {
    List<String> all = new ArrayList<>(START);
    all.addAll(Arrays.asList(more));
    return all;
  }

  private static List<String> names(List<SessionEvent> all) {
    return all.stream().map(RestartTest::name).toList();
  }

  private static String name(SessionEvent event) {
    return switch (event) {
      case SessionEvent.Command(int run, ProcessEvent.Signaled(var signal, _, var why)) ->
          run + " Signaled " + signal + " " + why.wireName();
      case SessionEvent.Command(int run, var process) ->
          run + " " + process.getClass().getSimpleName();
      case SessionEvent.Restarting(int run) -> "Restarting " + run;
      case SessionEvent.Traffic(int run, var traffic) ->
          "Traffic " + run + " " + traffic.getClass().getSimpleName();
      default -> event.getClass().getSimpleName();
    };
  }
}
