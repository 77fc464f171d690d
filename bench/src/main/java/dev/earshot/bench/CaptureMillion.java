package dev.earshot.bench;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.session.Bypass;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import dev.earshot.session.StopCause;
import dev.earshot.store.CaptureLimits;
import dev.earshot.store.CaptureReader;
import dev.earshot.store.CaptureWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Question: what does recording an exchange cost (goal: its writing thread at most 40 us for a
 * response of 1 KiB), and can a million of them be asked? If not, rows are to be packed, or indexes
 * to go. Arguments: a folder on a disk, how many exchanges, and how many a second (0: as fast as
 * they are written).
 */
public final class CaptureMillion {
  private static final Timings TIMINGS = new Timings(10_000, -1, -1, -1, 20_000, 900_000, 30_000);
  private static final InetSocketAddress PROXY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

  private CaptureMillion() {}

  /** Runs all. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "capture");
    int count = Integer.parseInt(arguments[1]);
    int rate = Integer.parseInt(arguments[2]);
    try {
      Path same = write(folder.resolve("same.db"), count, rate, false);
      Files.delete(same);
      Path file = write(folder.resolve("different.db"), count, rate, true);
      ask(file);
      Files.delete(file);
    } finally {
      Files.delete(folder);
    }
  }

  private static Path write(Path file, int count, int rate, boolean different) throws IOException {
    var folders =
        new SessionFolders(Optional.empty(), Path.of("/none"), Path.of("/none"), Optional.empty());
    var writer = CaptureWriter.toFile(file, Redaction.NONE, folders, CaptureLimits.DEFAULT);
    long[] sequence = {0};
    writer.begin(event -> {
      throw new AssertionError("measuring the wrong path: " + event);
    });
    tell(writer, sequence, new SessionEvent.Starting("bench", "0", List.of("bench"), "/"));
    tell(writer, sequence, new SessionEvent.ProxyStarted(PROXY, List.of()));
    long begin = System.nanoTime();
    var random = new SplittableRandom(1);
    byte[] body = body(random);
    long waited = 0;
    for (int id = 1; id <= count; id++) {
      while (writer.isCongested()) {
        waited++;
        LockSupport.parkNanos(1_000_000);
      }
      // A hundred at once, as many clients do.
      while (rate > 0
          && id % 100 == 0
          && (System.nanoTime() - begin) * rate < id * 1_000_000_000L) {
        LockSupport.parkNanos(100_000);
      }
      if (different) {
        body = body(random);
      }
      exchange(writer, sequence, id, body);
    }
    // All but what waits is written by now: the thread is still there to be asked.
    long told = System.nanoTime() - begin;
    long cpu = writerNanos();
    var closed = writer.finish(result()).orElseThrow();
    if (closed.error().isPresent()) {
      throw new AssertionError("measuring the wrong path: " + closed);
    }
    System.out.printf(
        Locale.ROOT,
        "%s bodies: %d exchanges in %.1f s, %.0f/s, writer %.1f us of CPU each, %.0f bytes each,"
            + " %d bodies given up, %d pauses, peak RSS %s%n",
        different ? "different" : "same",
        closed.exchanges(),
        told / 1e9,
        count * 1e9 / told,
        cpu / 1e3 / count,
        (double) Files.size(file) / count,
        closed.bodiesGivenUp(),
        waited,
        peakRss());
    return file;
  }

  private static byte[] body(SplittableRandom random) {
    var text = new StringBuilder(1100).append("{\"items\":[");
    while (text.length() < 1000) {
      text.append("{\"id\":").append(random.nextInt(1_000_000)).append(",\"name\":\"item\"},");
    }
    return text.append("{}]}").toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static void exchange(CaptureWriter writer, long[] sequence, int id, byte[] body) {
    var client = new ClientProcess(OptionalLong.of(4711), Optional.of("node"), true);
    traffic(
        writer,
        sequence,
        new TrafficEvent.ExchangeStarted(
            id,
            id % 100,
            true,
            client,
            "https://api" + id % 20 + ".example.com/v1/items?page=" + id,
            "api" + id % 20 + ".example.com",
            new RequestHead(
                "GET",
                "/v1/items?page=" + id,
                HttpVersion.HTTP_1_1,
                List.of(
                    new Header("Host", "api.example.com"),
                    new Header("User-Agent", "node"),
                    new Header("Accept", "*/*"),
                    new Header("Accept-Encoding", "gzip, deflate")))));
    traffic(
        writer,
        sequence,
        new TrafficEvent.ResponseStarted(
            id,
            new ResponseHead(
                HttpVersion.HTTP_1_1,
                id % 50 == 0 ? 503 : 200,
                "OK",
                List.of(
                    new Header("Server", "nginx/1.22.1"),
                    new Header("Date", "Wed, 25 Nov 2026 18:00:00 GMT"),
                    new Header("Content-Type", "application/json"),
                    new Header("Content-Length", "1024"),
                    new Header("ETag", "\"66f1-1024\""))),
            "127.0.0.1:443",
            Duration.ofNanos(900_000)));
    writer.body(id, Direction.DOWN, ByteBuffer.wrap(body));
    traffic(
        writer,
        sequence,
        new TrafficEvent.ExchangeFinished(
            id,
            200,
            Duration.ofNanos(1_000_000 + id % 777 * 1000L),
            0,
            body.length,
            OptionalLong.empty(),
            List.of(),
            TIMINGS,
            false));
  }

  private static void traffic(CaptureWriter writer, long[] sequence, TrafficEvent event) {
    tell(writer, sequence, new SessionEvent.Traffic(1, event));
  }

  private static void tell(CaptureWriter writer, long[] sequence, SessionEvent event) {
    writer.event(new Stamped(++sequence[0], Instant.now(), event));
  }

  private static SessionResult result() {
    return new SessionResult(
        StopCause.PROCESS_EXITED,
        Optional.empty(),
        0,
        0,
        0,
        Bypass.Seen.NOTHING,
        0,
        new SessionResult.Forced(0, 0),
        new SessionResult.Phases(
            Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO),
        Optional.empty());
  }

  private static long writerNanos() {
    var threads = ManagementFactory.getThreadMXBean();
    for (long id : threads.getAllThreadIds()) {
      var info = threads.getThreadInfo(id);
      if (info != null && info.getThreadName().equals("earshot-capture")) {
        return threads.getThreadCpuTime(id);
      }
    }
    throw new AssertionError("the writing thread is gone");
  }

  private static String peakRss() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM"))
        .findFirst()
        .orElse("unknown")
        .replaceAll("\\s+", " ");
  }

  private static void ask(Path file) throws Exception {
    try (var reader = CaptureReader.open(file);
        var connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
      time(connection, "status:5xx", "SELECT count(*) FROM exchange WHERE status >= 500");
      time(
          connection,
          "host",
          "SELECT count(*) FROM exchange WHERE host IN"
              + " (SELECT id FROM host WHERE name LIKE '%api7.%')");
      time(connection, "is:failed", "SELECT count(*) FROM exchange WHERE error IS NOT NULL");
      time(
          connection, "duration, a scan", "SELECT count(*) FROM exchange WHERE duration > 1776000");
      time(
          connection, "path, a scan", "SELECT count(*) FROM exchange WHERE path LIKE '%page=999%'");
      time(
          connection,
          "header, all heads",
          "SELECT count(*) FROM head WHERE instr(response, CAST ('66f2' AS BLOB)) > 0");
      time(
          connection,
          "plain bodies",
          "SELECT count(*) FROM body WHERE instr(data, CAST ('nowhere' AS BLOB)) > 0");
      long begin = System.nanoTime();
      var page = reader.exchanges(reader.count() / 2, CaptureReader.Order.OLDEST_FIRST, 100);
      System.out.printf(
          Locale.ROOT,
          "count and a page of %d in the middle: %.1f ms%n",
          page.size(),
          (System.nanoTime() - begin) / 1e6);
    }
  }

  /** The second time, as by a user who types on. */
  private static void time(Connection connection, String what, String sql) throws SQLException {
    long nanos = 0;
    long found = 0;
    for (int round = 0; round < 2; round++) {
      long begin = System.nanoTime();
      try (var statement = connection.createStatement();
          var row = statement.executeQuery(sql)) {
        found = row.getLong(1);
      }
      nanos = System.nanoTime() - begin;
    }
    System.out.printf(Locale.ROOT, "%-20s %8.1f ms, %d found%n", what, nanos / 1e6, found);
  }
}
