package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Earshot is killed with KILL while 500 exchanges a second pass: its record is whole. */
@Timeout(600)
class CaptureKillIT {
  private static final int KILLS = Boolean.getBoolean("stress") ? 20 : 4;

  /** What may be missing of the record. */
  private static final Duration LOSS = Duration.ofMillis(250);

  /** The archive is read back from the record, by code that is cold at first. */
  private static final Duration LOSS_OF_HAR = Duration.ofSeconds(1);

  /** Until the HAR is valid. */
  private static final Duration COMPLETION = Duration.ofSeconds(2);

  /** Four threads, each with a connection of its own, together 500 requests a second. */
  private static final String CLIENT =
      """
      import http.client, os, sys, threading, time
      port, log = sys.argv[1], os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
      proxy = os.environ["http_proxy"].split("//")[1].rstrip("/").split(":")
      def work(first):
          connection = http.client.HTTPConnection(proxy[0], int(proxy[1]))
          number, due = first, time.monotonic()
          while True:
              connection.request("POST", "http://127.0.0.1:%s/n/%d" % (port, number), b"q%d" % number)
              answer = connection.getresponse().read()
              os.write(log, b"%d %d %s\\n" % (number, time.time_ns(), answer))
              number += 4
              due += 0.008
              time.sleep(max(0, due - time.monotonic()))
      for first in range(4):
          threading.Thread(target=work, args=(first,), daemon=True).start()
      time.sleep(30)
      """;

  @TempDir Path folder;

  @Test
  void everythingOlderThanAQuarterOfASecondIsThere(TestReporter reporter) throws Exception {
    var random = new Random(3);
    Duration newestLoss = Duration.ZERO;
    for (int kill = 0; kill < KILLS; kill++) {
      newestLoss =
          max(newestLoss, killOnce(Files.createDirectory(folder.resolve("k" + kill)), random));
    }
    reporter.publishEntry(
        "%d kills: oldest exchange missing".formatted(KILLS), newestLoss.toMillis() + " ms");
  }

  private static Duration max(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  /** How old the oldest was of what is missing. */
  private Duration killOnce(Path here, Random random) throws Exception {
    var earshot = new Earshot(here);
    Path log = here.resolve("log");
    Path har = here.resolve("traffic.har");
    Set<String> asked = ConcurrentHashMap.newKeySet();
    Instant killed;
    try (var origin = ScriptedOrigin.start(connection -> answer(connection, asked));
        var running =
            earshot.start(
                "run",
                "--har",
                har.toString(),
                "--",
                "python3",
                "-c",
                CLIENT,
                String.valueOf(origin.port()),
                log.toString())) {
      Eventually.until("it goes on", () -> Files.exists(log) && Files.size(log) > 2_000);
      long upTo = Files.size(log) + random.nextInt(20_000);
      Eventually.until("more", () -> Files.size(log) > upTo);
      ProcessHandle.of(running.pid()).orElseThrow().destroyForcibly();
      killed = Instant.now();
      assertThat(running.finish().status()).isEqualTo(-9);
      Eventually.within(COMPLETION, () -> "a valid HAR", () -> isValid(har));
    }
    Map<String, JsonNode> recorded = recorded(earshot);
    assertThat(asked).as("nothing is invented").containsAll(recorded.keySet());
    Set<String> inHar = new HashSet<>();
    for (JsonNode entry : new ObjectMapper().readTree(har).at("/log/entries")) {
      String url = entry.at("/request/url").asString();
      inHar.add(url.substring(url.lastIndexOf('/') + 1));
      assertThat(entry.at("/response/content/text").asString()).isEqualTo("a" + number(url));
    }
    assertThat(asked).as("nothing is invented").containsAll(inHar);
    Duration oldest = Duration.ZERO;
    Duration oldestInHar = Duration.ZERO;
    for (String line : Files.readAllLines(log)) {
      String[] words = line.split(" ", -1);
      Instant answered = Instant.EPOCH.plusNanos(Long.parseLong(words[1]));
      JsonNode exchange = recorded.get(words[0]);
      if (exchange != null && exchange.get("state").asString().equals("finished")) {
        assertThat(exchange.get("status").asInt()).isEqualTo(200);
        assertThat(exchange.at("/request_body/text").asString()).isEqualTo("q" + words[0]);
        assertThat(exchange.at("/response_body/text").asString()).isEqualTo("a" + words[0]);
      } else {
        oldest = max(oldest, Duration.between(answered, killed));
      }
      if (!inHar.contains(words[0])) {
        oldestInHar = max(oldestInHar, Duration.between(answered, killed));
      }
    }
    assertThat(oldest).as("in the capture").isLessThanOrEqualTo(LOSS);
    assertThat(oldestInHar).as("in the HAR").isLessThanOrEqualTo(LOSS_OF_HAR);
    return oldest;
  }

  private static void answer(ScriptedOrigin.Connection connection, Set<String> asked)
      throws IOException {
    while (connection.readHeadOrEnd()) {
      String target = connection.head().split(" ", 3)[1];
      String number = number(target);
      connection.read(1 + number.length());
      asked.add(number);
      connection.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\na%s"
              .formatted(1 + number.length(), number));
    }
  }

  private static String number(String url) {
    return url.substring(url.lastIndexOf('/') + 1);
  }

  private static boolean isValid(Path har) {
    try {
      return new ObjectMapper().readTree(har).at("/log/entries").isArray();
    } catch (RuntimeException e) {
      return false;
    }
  }

  /** What another process finds in the record, by the number in the URL. */
  private static Map<String, JsonNode> recorded(Earshot earshot) throws Exception {
    var listed = earshot.run("sessions", "list");
    assertThat(listed.status()).isZero();
    assertThat(listed.out()).contains("crashed");
    var export = earshot.run("export", "-f", "ndjson");
    assertThat(export.stderr()).contains("crashed");
    assertThat(export.status()).isZero();
    Map<String, JsonNode> all = new HashMap<>();
    List<String> lines = export.out().lines().toList();
    for (String line : lines) {
      JsonNode exchange = new ObjectMapper().readTree(line.getBytes(UTF_8));
      assertThat(all.put(number(exchange.get("url").asString()), exchange)).isNull();
    }
    return all;
  }
}
