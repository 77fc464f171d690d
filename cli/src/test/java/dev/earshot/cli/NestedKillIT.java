package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sessions within sessions, three deep and each with its folder in another place: whichever of them
 * is killed, no process, no folder and no guardian of those within it stays.
 */
@Timeout(600)
class NestedKillIT {
  private static final int KILLS = Boolean.getBoolean("stress") ? 30 : 3;

  /** Says its pid, which is that of the JVM once the launcher has become it. */
  private static final String LEVEL = "echo $$ > \"$0.new\"; mv \"$0.new\" \"$0\"; exec \"$@\"";

  /** Both are named by the folder of this test, live for 15 s at most, and do not mind TERM. */
  private static final String TREE =
      """
      sleep='import signal, sys, time
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      open(sys.argv[1], "w").close()
      time.sleep(15)'
      (setsid python3 -c "$sleep" "$0.daemon" &)
      exec python3 -c "$sleep" "$0"
      """;

  @TempDir Path folder;
  private Earshot earshot;
  private Path work;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
    work = Files.createDirectory(folder.resolve("tmp"));
  }

  /** The outermost, with options of its own; those within it say their pids, in a new folder. */
  private Earshot.Running start(String... options) throws IOException {
    work = Files.createTempDirectory(folder, "work");
    List<String> words = new ArrayList<>(List.of("run"));
    words.addAll(List.of(options));
    words.addAll(List.of("--", "sh", "-c", LEVEL, work.resolve("middle").toString()));
    words.addAll(List.of("env", "XDG_STATE_HOME=" + folder.resolve("state")));
    words.addAll(List.of(Earshot.LAUNCHER.toString(), "run", "--"));
    words.addAll(List.of("sh", "-c", LEVEL, work.resolve("inner").toString()));
    words.addAll(List.of("env", "-u", "HOME", "-u", "XDG_STATE_HOME"));
    words.add("TMPDIR=" + folder.resolve("tmp"));
    words.addAll(List.of(Earshot.LAUNCHER.toString(), "run", "--"));
    words.addAll(List.of("sh", "-c", TREE, work.resolve("ready").toString()));
    return earshot.start(words.toArray(String[]::new));
  }

  private void awaitWhole() {
    for (String sign : List.of("ready", "ready.daemon")) {
      Eventually.until(sign, () -> Files.exists(work.resolve(sign)));
    }
    assertThat(places().stream().map(NestedKillIT::entries))
        .allSatisfy(it -> assertThat(it).hasSize(1));
  }

  private long pid(String level) throws IOException {
    return Long.parseLong(Files.readString(work.resolve(level)).strip());
  }

  @Test
  void nothingIsLeftWhenTheOutermostIsKilled() throws Exception {
    for (int kill = 0; kill < KILLS; kill++) {
      try (var running = start()) {
        awaitWhole();
        kill(running.pid());
        assertThat(running.finish().status()).isEqualTo(-9);
        nothingIsLeft();
      }
    }
  }

  @Test
  void nothingIsLeftWheneverItIsKilled() throws Exception {
    var random = new Random(4);
    long before = System.nanoTime();
    try (var running = start()) {
      awaitWhole();
      kill(running.pid());
      assertThat(running.finish().status()).isEqualTo(-9);
      nothingIsLeft();
    }
    long life = System.nanoTime() - before;
    for (int kill = 0; kill < 3 * KILLS; kill++) {
      try (var running = start()) {
        long outer = running.pid();
        pass(Duration.ofNanos(random.nextLong(life)));
        kill(outer);
        assertThat(running.finish().status()).isEqualTo(-9);
        nothingIsLeft();
      }
    }
  }

  @Test
  void nothingIsLeftWhenSeveralAreKilledAtOnce() throws Exception {
    for (List<String> levels :
        List.of(List.of("middle"), List.of("inner"), List.of("middle", "inner"))) {
      try (var running = start()) {
        awaitWhole();
        List<Long> pids = new ArrayList<>(List.of(running.pid()));
        for (String level : levels) {
          pids.add(pid(level));
        }
        kill(pids.reversed().toArray(Long[]::new));
        assertThat(running.finish().status()).isEqualTo(-9);
        nothingIsLeft();
      }
    }
  }

  @Test
  void anInnerOneThatIsKilledLeavesNothingAndTheOuterOneEndsInOrder() throws Exception {
    for (List<String> levels :
        List.of(List.of("middle"), List.of("inner"), List.of("inner", "middle"))) {
      try (var running = start("--grace", "0")) {
        awaitWhole();
        List<Long> pids = new ArrayList<>();
        for (String level : levels) {
          pids.add(pid(level));
        }
        kill(pids.toArray(Long[]::new));
        assertThat(running.finish().status()).isEqualTo(128 + 9);
        nothingIsLeft();
      }
    }
  }

  /** The inner ones have five seconds for their command, and are not left that long. */
  @Test
  void nothingIsLeftWhenTheOutermostKillsItsTree() throws Exception {
    for (int kill = 0; kill < KILLS; kill++) {
      try (var running = start("--grace", "200ms")) {
        awaitWhole();
        signal("TERM", running.pid());
        assertThat(running.finish().status()).isEqualTo(-15);
        nothingIsLeft();
      }
    }
  }

  private List<Path> places() {
    return List.of(
        earshot.home().resolve(".local/state/earshot/sessions"),
        folder.resolve("state/earshot/sessions"),
        folder.resolve("tmp"));
  }

  private static List<Path> entries(Path place) {
    if (!Files.exists(place)) {
      return List.of();
    }
    try (var all = Files.list(place)) {
      return all.toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Everybody's command line names the folder of this test; that of a guardian does, too. */
  private void nothingIsLeft() {
    Eventually.until(() -> "nobody, but: " + processes(), () -> processes().isEmpty());
    assertThat(places().stream().flatMap(place -> entries(place).stream())).isEmpty();
  }

  private List<String> processes() {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path each : all) {
        String line = commandLine(each);
        if (line.contains(folder.toString())) {
          found.add(each + " " + line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static String commandLine(Path process) {
    try {
      return new String(Files.readAllBytes(process.resolve("cmdline")), UTF_8).replace('\0', ' ');
    } catch (IOException gone) {
      return "";
    }
  }

  private static void kill(Long... pids) throws Exception {
    signal("KILL", pids);
  }

  /** All by one process, so that hardly any time is between them. */
  private static void signal(String name, Long... pids) throws Exception {
    List<String> words = new ArrayList<>(List.of("kill", "-s", name));
    for (long pid : pids) {
      words.add(Long.toString(pid));
    }
    assertThat(new ProcessBuilder(words).start().waitFor()).isZero();
  }

  private static void pass(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    Eventually.until("it is time", () -> System.nanoTime() - end > 0);
  }
}
