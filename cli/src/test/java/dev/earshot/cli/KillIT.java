package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Earshot itself is killed with KILL: no process, no folder and no guardian stays. */
@Timeout(600)
class KillIT {
  private static final int KILLS = Boolean.getBoolean("stress") ? 50 : 5;
  private static final Duration LONGEST = Duration.ofSeconds(2);

  /** Every way to be hard to end; none lives longer than 15 s. */
  private static final String TREE =
      """
      exec 9>"$1"
      : > "$1.begun"
      sleep 15 &
      sh -c 'sleep 15 & wait' &
      setsid sleep 15 &
      (setsid sh -c 'sleep 15 & exit' &)
      sh -c 'trap "" TERM HUP INT; exec sleep 15' &
      (setsid env -i sh -c 'trap "" TERM HUP INT; exec sleep 15' &)
      python3 -c 'import os, signal, time
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      os.setpgid(0, 0)
      time.sleep(15)' &
      : > "$1.ready"
      wait
      """;

  @TempDir Path folder;
  private Earshot earshot;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
  }

  @Test
  void nothingIsLeftOfATreeOfEight(TestReporter reporter) throws Exception {
    var random = new Random(1);
    Duration slowest = Duration.ZERO;
    for (int kill = 0; kill < KILLS; kill++) {
      Path fifo = folder.resolve("fifo-" + kill);
      try (var oracle = Oracle.make(fifo);
          var running = earshot.start("run", "--", "sh", "-c", TREE, "sh", fifo.toString())) {
        // While the tree is built, and once it is whole.
        boolean whole = kill % 2 == 0;
        Path sign = Path.of(fifo + (whole ? ".ready" : ".begun"));
        Eventually.until("it runs", () -> Files.exists(sign));
        pass(Duration.ofMillis(random.nextInt(whole ? 500 : 60)));
        ProcessHandle.of(running.pid()).orElseThrow().destroyForcibly();
        assertThat(running.finish().status()).isEqualTo(-9);
        Duration took = oracle.awaitNobody();
        slowest = took.compareTo(slowest) > 0 ? took : slowest;
        nothingIsLeft();
      }
    }
    reporter.publishEntry(
        "earshot run, %d kills: slowest clean-up".formatted(KILLS), slowest.toMillis() + " ms");
  }

  @Test
  void nothingIsLeftWheneverItIsKilled() throws Exception {
    var random = new Random(2);
    // However busy the machine is, the moments lie within the life that it has there.
    long life = life();
    for (int kill = 0; kill < 2 * KILLS; kill++) {
      try (var running = earshot.start("run", "--", "sh", "-c", "exit 3")) {
        long pid = running.pid();
        pass(Duration.ofNanos(random.nextLong(life)));
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        assertThat(running.finish().status()).isIn(-9, 3);
        nothingIsLeft();
      }
    }
  }

  private long life() throws Exception {
    long before = System.nanoTime();
    assertThat(earshot.run("run", "--", "sh", "-c", "exit 3").status()).isEqualTo(3);
    return System.nanoTime() - before;
  }

  @Test
  void aReaderOfItsOutputIsNotKeptWaiting() throws Exception {
    var pid = folder.resolve("pid");
    var line = "\"$0\" run -- sh -c 'setsid sleep 15 & echo $PPID > \"$0\"; sleep 15' \"$1\" | cat";
    var shell = List.of("sh", "-c", line, Earshot.LAUNCHER.toString(), pid.toString());
    try (var running = earshot.launch(shell)) {
      Eventually.until("it runs", () -> Files.exists(pid) && Files.size(pid) > 0);
      long before = System.nanoTime();
      long victim = Long.parseLong(Files.readString(pid).strip());
      ProcessHandle.of(victim).orElseThrow().destroyForcibly();
      assertThat(running.finish().status()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(LONGEST);
      nothingIsLeft();
    }
  }

  /** Everybody's command line names the folder of this test; the guardian's does, too. */
  private void nothingIsLeft() throws Exception {
    Eventually.until(() -> "nobody, but: " + left(), () -> left().isEmpty());
    Path sessions = earshot.home().resolve(".local/state/earshot/sessions");
    if (Files.exists(sessions)) {
      try (var entries = Files.list(sessions)) {
        assertThat(entries).isEmpty();
      }
    }
  }

  private List<String> left() {
    List<String> left = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path each : all) {
        String line = commandLine(each);
        if (line.contains(folder.toString())) {
          left.add(each + " " + line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return left;
  }

  private static String commandLine(Path process) {
    try {
      return new String(Files.readAllBytes(process.resolve("cmdline")), UTF_8).replace('\0', ' ');
    } catch (IOException gone) {
      return "";
    }
  }

  private static void pass(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    Eventually.until("it is time", () -> System.nanoTime() - end > 0);
  }

  /** Each of a tree has the FIFO open: its reader is at the end once the last of them has gone. */
  private record Oracle(InputStream reading, RandomAccessFile both) implements AutoCloseable {
    static Oracle make(Path fifo) throws Exception {
      assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
      // Open for both, so that opening the reader does not wait for a writer.
      var both = new RandomAccessFile(fifo.toFile(), "rw");
      return new Oracle(new FileInputStream(fifo.toFile()), both);
    }

    /** How long that took; at most 2 s. */
    Duration awaitNobody() throws Exception {
      long before = System.nanoTime();
      both.close();
      var end = new CompletableFuture<Integer>();
      Thread.ofPlatform().name("oracle").start(() -> end.complete(read()));
      assertThat(end.get(LONGEST.toNanos(), TimeUnit.NANOSECONDS)).isEqualTo(-1);
      return Duration.ofNanos(System.nanoTime() - before);
    }

    private int read() {
      try {
        return reading.read();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() throws IOException {
      both.close();
      reading.close();
    }
  }
}
