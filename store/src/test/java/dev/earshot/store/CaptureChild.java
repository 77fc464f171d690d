package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Redaction;
import dev.earshot.session.SessionEvent;
import dev.earshot.testkit.Eventually;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** What the tests run in a process of its own; ends by itself soon. */
final class CaptureChild {
  private static final long LIFE = Duration.ofSeconds(15).toNanos();

  private CaptureChild() {}

  /** The argument says what. */
  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[1]);
    switch (arguments[0]) {
      case "load" -> load(file);
      case "full" -> full(file);
      case "large" -> large(file);
      case "read" -> read(file);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static CaptureWriter writer(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    return CaptureWriter.toFile(
        file, Redaction.NONE, Feed.folders(folder == null ? file : folder), CaptureLimits.DEFAULT);
  }

  /** Exchanges without end, and a line for each: its id, and when it was told. */
  private static void load(Path file) {
    long begin = System.nanoTime();
    var writer = writer(file);
    var feed = Feed.started(writer);
    Eventually.until("the file is there", () -> writer.file().isPresent());
    for (long id = 1; System.nanoTime() - begin < LIFE; id++) {
      feed.exchange(id, json(id));
      System.out.println(id + " " + System.currentTimeMillis());
      long next = System.nanoTime() + 1_000_000;
      while (System.nanoTime() < next) {
        Thread.onSpinWait();
      }
    }
  }

  static String json(long id) {
    return "{\"n\":" + id + ",\"text\":\"" + "x".repeat((int) (id % 3000)) + "\"}";
  }

  /** Writes on a disk until it is full, and tells what was said then. */
  private static void full(Path file) throws Exception {
    var writer = writer(file);
    var feed = Feed.started(writer);
    feed.exchange(1, "{}");
    Eventually.until("the file is there", () -> writer.file().isPresent());
    try (var reader = CaptureReader.open(file)) {
      Eventually.until("the first is written", () -> reader.count() == 1);
    }
    var random = new Random(1);
    byte[] body = new byte[20_000];
    for (long id = 2; feed.warnings.isEmpty(); id++) {
      random.nextBytes(body);
      feed.request(id, "https://api.example.com/");
      feed.response(id, 200);
      feed.body(id, Direction.DOWN, body);
      feed.finished(id, 0, body.length);
    }
    var warning = (SessionEvent.Warning) feed.warnings.take();
    System.out.println(warning.code());
    System.out.println(warning.text());
    System.out.println(writer.bodyLimit());
    System.out.println(feed.finish().orElseThrow().error().orElse(""));
    System.out.println(feed.warnings.size());
    try (var reader = CaptureReader.open(file)) {
      System.out.println(reader.count() > 0);
    }
  }

  /** A body of 512 MiB, on a heap that it would not fit in. */
  private static void large(Path file) throws Exception {
    var writer = writer(file);
    var feed = Feed.started(writer);
    feed.request(1, "https://api.example.com/");
    feed.response(1, 200);
    byte[] part = new byte[64 << 10];
    long sent = 0;
    long given = 0;
    while (sent < 512 << 20) {
      boolean taken = feed.body(1, Direction.DOWN, part);
      sent += part.length;
      given += taken ? 0 : 1;
    }
    feed.finished(1, 0, sent);
    var closed = feed.finish().orElseThrow();
    System.out.println(closed.error().orElse("whole"));
    System.out.println(closed.bodiesGivenUp() == given);
  }

  private static void read(Path file) throws Exception {
    try (var reader = CaptureReader.open(file)) {
      System.out.println(reader.facts().state() + " " + reader.count());
    } catch (CaptureException e) {
      System.out.println(e.getMessage());
    }
  }

  /** As a program has it: a logging API of other tests would write to stderr that it finds none. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> !entry.contains("slf4j"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** The command that runs this. */
  static List<String> command(String options, String what, Path file) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return List.of(
        java,
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        options,
        "-cp",
        classPath(),
        CaptureChild.class.getName(),
        what,
        file.toString());
  }
}
