package dev.earshot.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A writer that is killed leaves a whole archive behind. */
class HarKilledTest {
  private static final Duration MOST = Duration.ofSeconds(2);

  @TempDir Path dir;

  @Test
  void twoSecondsLaterItIsWhole() throws Exception {
    var random = new Random(9);
    for (int kill = 0; kill < (Boolean.getBoolean("stress") ? 20 : 4); kill++) {
      Path file = dir.resolve("killed-" + kill);
      var command = Java.words(KilledWriterMain.class, 256);
      command.add(file.toString());
      command.add("" + kill);
      Process writer = new ProcessBuilder(command).start();
      try (var out =
          new BufferedReader(
              new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
        assertThat(out.readLine()).contains("GUARDIAN");
        Eventually.until("it writes", () -> Files.size(file) > 500_000);
        LockSupport.parkNanos(random.nextInt(50_000_000));
      } finally {
        writer.destroyForcibly();
      }
      long killed = System.nanoTime();
      assertThat(writer.waitFor()).isEqualTo(128 + 9);
      Eventually.until("it is whole", () -> isWhole(file));
      assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(MOST);
      long number = 0;
      for (JsonNode entry : Hars.read(Files.readString(file)).at("/log/entries")) {
        assertThat(entry.get("_id").asLong()).isEqualTo(++number);
      }
      assertThat(number).isPositive();
      Files.delete(file);
    }
  }

  private static boolean isWhole(Path path) throws Exception {
    try (var file = new RandomAccessFile(path.toFile(), "r")) {
      byte[] end = new byte[5];
      file.seek(file.length() - end.length);
      file.readFully(end);
      return new String(end, StandardCharsets.US_ASCII).equals("\n]}}\n");
    }
  }
}
