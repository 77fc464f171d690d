package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsServer;
import dev.earshot.exchange.TrafficEvent.ExchangeFinished;
import dev.earshot.exchange.TrafficEvent.ExchangeStarted;
import dev.earshot.process.Redirect;
import dev.earshot.process.Stdio;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real clients, run by a session, call an HTTPS origin on the loopback through its proxy. */
class ClientInteropTest {
  private static final Stdio SILENT =
      new Stdio(new Redirect.Null(), new Redirect.Null(), new Redirect.Null());

  @TempDir Path directory;

  /** Before Node 22.21 there is no variable by which Node's own clients take a proxy. */
  static List<RealClientsTest.Client> clients() {
    return RealClientsTest.clients().stream().filter(c -> !c.program().equals("node")).toList();
  }

  @ParameterizedTest
  @MethodSource("clients")
  void everyCallOfAClientIsSeenAndAnswered(RealClientsTest.Client client) throws Exception {
    TestAuthority users = TestAuthority.named("users");
    Path pem = Files.writeString(directory.resolve("users.pem"), users.pem());
    Files.writeString(directory.resolve("Fetch.java"), RealClientsTest.JAVA);
    Map<String, String> environment =
        Map.of(
            "PATH", System.getenv("PATH"),
            "HOME", directory.toString(),
            "SSL_CERT_FILE", pem.toString());
    HttpsServer origin = users.origin(RealClientsTest.ANSWER);
    try {
      String url = "https://localhost:" + origin.getAddress().getPort() + "/x";
      List<SessionEvent> events = run(environment, client, url);

      List<ExchangeStarted> started = traffic(events, ExchangeStarted.class);
      assertTrue(started.size() > 0, events.toString());
      for (ExchangeStarted exchange : started) {
        assertTrue(exchange.url().startsWith(url), exchange.toString());
        assertTrue(exchange.client().owned(), exchange.toString());
      }
      List<ExchangeFinished> finished = traffic(events, ExchangeFinished.class);
      assertEquals(started.size(), finished.size(), events.toString());
      assertTrue(finished.stream().allMatch(exchange -> exchange.status() == 200));
    } finally {
      origin.stop(0);
    }
  }

  private List<SessionEvent> run(
      Map<String, String> environment, RealClientsTest.Client client, String url)
      throws InterruptedException {
    String[] command =
        Stream.of(List.of(client.program()), client.arguments(), List.of(url))
            .flatMap(List::stream)
            .toArray(String[]::new);
    SessionPlan defaults = SessionPlan.of(environment, command);
    var plan =
        new SessionPlan(
            defaults.command().withStdio(SILENT).withDirectory(directory.toString()),
            defaults.stop(),
            defaults.traffic(),
            defaults.injection(),
            defaults.folders(),
            defaults.timeout(),
            defaults.afterEnd(),
            defaults.ownership());
    var log = new EventLog();
    List<SessionEvent> events = new ArrayList<>();
    try (Subscription subscription = log.subscribe();
        Session session = Session.start(plan, log, Cancellation.root())) {
      session.await();
      for (Optional<Stamped> next = subscription.take(); next.isPresent(); ) {
        events.add(next.get().event());
        next = subscription.take();
      }
    }
    return events;
  }

  private static <T> List<T> traffic(List<SessionEvent> events, Class<T> type) {
    return events.stream()
        .filter(SessionEvent.Traffic.class::isInstance)
        .map(event -> ((SessionEvent.Traffic) event).event())
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }
}
