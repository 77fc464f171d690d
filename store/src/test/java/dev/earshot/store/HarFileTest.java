package dev.earshot.store;

import static dev.earshot.exchange.Redaction.CREDENTIALS;
import static dev.earshot.exchange.Redaction.NONE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.Direction;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** An archive is a whole one after every addition, whatever happens within it. */
class HarFileTest {
  @TempDir Path dir;

  private Path path() {
    return dir.resolve("session.har");
  }

  private HarFile begin() throws IOException {
    return HarFile.begin(
        FileChannel.open(
            path(),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING),
        CREDENTIALS);
  }

  private JsonNode read() throws Exception {
    return Hars.read(Files.readString(path()));
  }

  private static HarRecord record(long id, int bytes) {
    return Exchange.get("https://h.example/" + id)
        .numbered(id)
        .body("text/plain", "x".repeat(bytes))
        .record();
  }

  @Test
  void isWholeAfterEveryAddition() throws Exception {
    try (var har = begin()) {
      assertThat(read().at("/log/entries").size()).isZero();
      var random = new Random(1);
      int count = 0;
      for (int i = 0; i < 60; i++) {
        List<HarRecord> some = new ArrayList<>();
        for (int n = random.nextInt(4); n > 0; n--) {
          some.add(record(++count, random.nextInt(9_000)));
        }
        har.add(some);
        var entries = read().at("/log/entries");
        assertThat(entries.size()).isEqualTo(count);
        assertThat(har.entries()).isEqualTo(count);
      }
      int id = 0;
      for (JsonNode entry : read().at("/log/entries")) {
        assertThat(entry.get("_id").asInt()).isEqualTo(++id);
      }
    }
  }

  /** The end lies across the bound of a page for three lengths of what is before it. */
  @Test
  void whereverItsEndIsInAPage() throws Exception {
    long first;
    try (var har = begin()) {
      har.add(List.of(record(1, 3_000)));
      first = Files.size(path()) - 4;
    }
    int toBound = (int) (4096 - first % 4096);
    for (int beyond = -6; beyond <= 6; beyond++) {
      try (var har = begin()) {
        har.add(List.of(record(1, 3_000 + toBound + beyond)));
        har.add(List.of(record(2, 10)));
        assertThat(read().at("/log/entries").size()).isEqualTo(2);
      }
    }
  }

  @Test
  void whatWasInTheFileIsGone() throws Exception {
    Files.writeString(path(), "x".repeat(10_000));
    begin().close();
    assertThat(read().at("/log/entries").size()).isZero();
  }

  @Test
  void anEntryWhoseBodyBreaksWhileItIsWrittenIsThereWithoutIt() throws Exception {
    var whole = record(2, 600_000);
    int[] opened = {0};
    var breaking =
        new HarRecord(
            whole.exchange(),
            whole.messages(),
            direction -> {
              byte[] bytes = whole.bodies().open(direction).readAllBytes();
              // Looked through twice; while it is written, it breaks off in the middle.
              return direction == Direction.UP || ++opened[0] < 3
                  ? new ByteArrayInputStream(bytes)
                  : new Breaking(bytes);
            });
    try (var har = begin()) {
      har.add(List.of(record(1, 10), breaking, record(3, 10)));
    }
    assertThat(opened[0]).isEqualTo(3);
    var entries = read().at("/log/entries");
    assertThat(entries.size()).isEqualTo(3);
    assertThat(entries.at("/1/response/content/comment").asString())
        .isEqualTo("left out: its record could not be read");
    assertThat(entries.at("/2/_id").asInt()).isEqualTo(3);
  }

  private static final class Breaking extends InputStream {
    private final ByteArrayInputStream bytes;

    Breaking(byte[] bytes) {
      this.bytes = new ByteArrayInputStream(bytes, 0, 500_000);
    }

    @Override
    public int read() {
      return bytes.read();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int read = bytes.read(into, offset, length);
      if (read < 0) {
        throw new IOException("bad sector");
      }
      return read;
    }
  }

  @Test
  void anAdditionThatIsAbandonedLeavesAWholeOne() throws Exception {
    var har = begin();
    har.add(List.of(record(1, 10)));
    var whole = record(2, 2_000_000);
    var abandoning =
        new HarRecord(
            whole.exchange(),
            whole.messages(),
            direction -> {
              har.abandon();
              return whole.bodies().open(direction);
            });
    assertThatThrownBy(() -> har.add(List.of(abandoning))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> har.add(List.of(record(3, 1)))).hasMessage("the archive is closed");
    assertThat(read().at("/log/entries").size()).isEqualTo(1);
    har.close();
  }

  /** On a disk of 64 KiB: in a mount of its own, by a program of its own. */
  @Test
  void onAFullDiskItEndsWithItsLastWholeEntry() throws Exception {
    for (int size : List.of(100, 1_000, 5_000, 40_000, 300_000)) {
      String script = "mount -t tmpfs -o size=64k none \"$1\" && shift && \"$@\" && cat \"$0\"";
      boolean root = System.getProperty("user.name", "").equals("root");
      String har = path().toString();
      var process =
          new ProcessBuilder(
                  "unshare", root ? "-m" : "-rm", "sh", "-c", script, har, dir.toString())
              .redirectErrorStream(true);
      process.command().addAll(Java.words(FullDiskMain.class, 256));
      process.command().addAll(List.of(har, "" + size));
      var run = process.start();
      String[] output = Java.output(run).split("\n", 2);
      assertThat(run.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(output[0]).matches("[0-9]+ No space left on device");
      int entries = Integer.parseInt(output[0].replaceFirst(" .*", ""));
      assertThat(Hars.read(output[1]).at("/log/entries").size()).isEqualTo(entries);
      assertThat(entries > 0).as("%d entries of %d", entries, size).isEqualTo(size < 60_000);
    }
  }

  @Test
  void aLongBodyNeedsLittleMemory() throws Exception {
    int size = Boolean.getBoolean("stress") ? 200 : 48;
    for (String kind : List.of("text", "bytes", "form", "gzip")) {
      var process =
          new ProcessBuilder(Java.words(LongBodyMain.class, 32)).redirectErrorStream(true);
      process.command().addAll(List.of(path().toString(), kind, "" + size));
      var run = process.start();
      String output = Java.output(run);
      assertThat(run.waitFor()).as(output).isZero();
      assertThat(Files.size(path())).isGreaterThan((long) size * 1024 * 1024);
      assertThat(lastBytes(path())).isEqualTo("}\n]}}\n");
    }
  }

  private static String lastBytes(Path file) throws IOException {
    try (var channel = FileChannel.open(file)) {
      var bytes = ByteBuffer.allocate(6);
      channel.read(bytes, channel.size() - 6);
      return new String(bytes.array(), StandardCharsets.US_ASCII);
    }
  }

  @Test
  void unmaskedItSaysNothingOfMasks() throws Exception {
    try (var har =
        HarFile.begin(
            FileChannel.open(path(), StandardOpenOption.CREATE, StandardOpenOption.WRITE), NONE)) {
      har.add(List.of());
    }
    assertThat(read().at("/log/_masked").isMissingNode()).isTrue();
  }
}
