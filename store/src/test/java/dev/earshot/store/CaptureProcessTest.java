package dev.earshot.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Redaction;
import dev.earshot.session.CaptureView;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only another process can show: a kill, a full disk, a medium that is read only. */
class CaptureProcessTest {
  private static final String NO_OPTION = "-Xmx256m";

  @TempDir Path root;

  private static Process start(List<String> command) {
    try {
      return new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new AssertionError(
          command.getFirst() + " cannot be run: install the package util-linux", e);
    }
  }

  private static List<String> lines(List<String> command) throws Exception {
    Process process = start(command);
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), out);
    return out.lines().toList();
  }

  /** In a mount namespace of its own, after these commands of a shell. */
  private static List<String> mounted(String commands, List<String> command) {
    List<String> all =
        new ArrayList<>(
            List.of("unshare", "-m", "sh", "-c", "set -e; " + commands + "; exec \"$@\"", "sh"));
    all.addAll(command);
    return all;
  }

  @Test
  void aKillLosesTheLastQuarterOfASecondAtMost() throws Exception {
    Path file = root.resolve("capture.db");
    Process process = start(CaptureChild.command(NO_OPTION, "load", file));
    List<String> told = new ArrayList<>();
    long killed;
    try (BufferedReader out = process.inputReader(UTF_8)) {
      while (told.size() < 1500) {
        told.add(String.valueOf(out.readLine()));
      }
      killed = System.currentTimeMillis();
      process.toHandle().destroyForcibly();
      out.lines().forEach(told::add);
    }
    process.waitFor();

    // What the machine kept the process from doing anything is not the writer's.
    long pause = 0;
    long before = time(told.get(told.size() - 1000));
    for (String line : told.subList(told.size() - 1000, told.size())) {
      pause = Math.max(pause, time(line) - before);
      before = time(line);
    }
    long lastSafe = 0;
    for (String line : told) {
      if (time(line) < killed - 250 - 2 * pause) {
        lastSafe = Long.parseLong(line.substring(0, line.indexOf(' ')));
      }
    }
    assertTrue(lastSafe > 300, "pause " + pause);
    try (var reader = CaptureReader.open(file)) {
      assertEquals(CaptureFacts.State.CRASHED, reader.facts().state());
      long count = reader.count();
      assertTrue(count >= lastSafe, count + " of " + lastSafe);
      assertTrue(count <= told.size() + 1, "nothing is invented");
      long id = 0;
      for (var exchange : reader.exchanges(0, CaptureView.Order.OLDEST_FIRST, 5000)) {
        assertEquals(++id, exchange.id());
        if (id <= lastSafe) {
          assertTrue(exchange.end() instanceof ExchangeEnd.Finished, "exchange " + id);
          try (var in = reader.bodies(id).open(Direction.DOWN)) {
            assertEquals(CaptureChild.json(id), new String(in.readAllBytes(), UTF_8));
          }
        }
      }
    }
    try (var left = Files.list(root)) {
      assertEquals(List.of(file), left.toList(), "whoever reads it puts it in order");
    }
    assertEquals("ok", Sql.ask(file, "PRAGMA integrity_check"));
  }

  private static long time(String line) {
    return Long.parseLong(line.substring(line.indexOf(' ') + 1));
  }

  @Test
  void aFullDiskTurnsItOffWithOneWarning() throws Exception {
    Path file = root.resolve("capture.db");
    assertEquals(
        List.of(
            "capture_off",
            "nothing more is recorded: cannot write " + file + ": the disk is full",
            "0",
            "the disk is full",
            "0",
            "true"),
        lines(
            mounted(
                "mount -t tmpfs -o size=3m none '" + root + "'",
                CaptureChild.command(NO_OPTION, "full", file))));
  }

  @Test
  void isReadFromAMediumThatIsReadOnly() throws Exception {
    Path file = root.resolve("capture.db");
    var writer =
        CaptureWriter.toFile(file, Redaction.NONE, Feed.folders(root), CaptureLimits.DEFAULT);
    var feed = Feed.started(writer);
    feed.exchange(1, "{}");
    feed.finish();
    String readOnly = "mount --bind '%1$s' '%1$s'; mount -o remount,ro,bind '%1$s'".formatted(root);
    List<String> read = CaptureChild.command(NO_OPTION, "read", file);
    assertEquals(List.of("ENDED 1"), lines(mounted(readOnly, read)));

    // As after a crash: what was written last is in the log beside it.
    Files.copy(file, root.resolve("copy.db"));
    Files.writeString(root.resolve("copy.db-wal"), "x");
    List<String> copy = CaptureChild.command(NO_OPTION, "read", root.resolve("copy.db"));
    String refused = lines(mounted(readOnly, copy)).getFirst();
    assertTrue(refused.contains("copy it, and the files beside it"), refused);
  }

  @Test
  void aBodyOfAnySizeTakesLittleMemory() throws Exception {
    assertEquals(
        List.of("whole", "true"),
        lines(CaptureChild.command("-Xmx96m", "large", root.resolve("capture.db"))));
  }

  @Test
  void theLibraryLeavesNothingBehindAndSaysNothing() throws Exception {
    Path temporary = Files.createDirectory(root.resolve("tmp"));
    Path captures = Files.createDirectory(root.resolve("captures"));
    Process process =
        start(
            CaptureChild.command(
                "-Djava.io.tmpdir=" + temporary, "load", captures.resolve("c.db")));
    try (BufferedReader out = process.inputReader(UTF_8)) {
      String first = String.valueOf(out.readLine());
      assertTrue(first.startsWith("1 "), first);
      process.toHandle().destroyForcibly();
    }
    process.waitFor();
    try (var left = Files.list(temporary)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
