package dev.earshot.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Redaction;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An archive that was cut anywhere is completed to its whole entries. */
class HarRepairTest {
  private static final String END = "]}}\n";

  @TempDir Path dir;

  private static String whole() throws Exception {
    return Hars.export(
        Redaction.CREDENTIALS,
        Exchange.get("https://a.example/").body("text/plain", "one ]}}\n").record(),
        Exchange.get("https://b.example/").body("text/plain", "tw\u20ac").record(),
        Exchange.get("https://c.example/").record());
  }

  private static byte[] repaired(byte[] file) throws Exception {
    var repair =
        HarRepair.of(
            file.length, (at, into) -> System.arraycopy(file, (int) at, into, 0, into.length));
    if (repair.isEmpty()) {
      return file;
    }
    byte[] kept = Arrays.copyOf(file, (int) repair.get().length());
    return repair.get().endMissing()
        ? (new String(kept, StandardCharsets.ISO_8859_1) + END)
            .getBytes(StandardCharsets.ISO_8859_1)
        : kept;
  }

  @Test
  void whereverItWasCut() throws Exception {
    byte[] whole = whole().getBytes(StandardCharsets.UTF_8);
    List<Integer> lineEnds = new ArrayList<>();
    for (int at = 0; at < whole.length; at++) {
      if (whole[at] == '\n') {
        lineEnds.add(at + 1);
      }
    }
    int head = lineEnds.getFirst();
    for (int cut = 0; cut <= whole.length; cut++) {
      byte[] repaired = repaired(Arrays.copyOf(whole, cut));
      if (cut < head) {
        assertThat(repaired).as("not known for an archive").hasSize(cut);
      } else {
        int entries = -1;
        for (int end : lineEnds.subList(0, 4)) {
          entries += end <= cut ? 1 : 0;
        }
        var har = Hars.JSON.readTree(repaired);
        assertThat(har.at("/log/entries").size()).as("cut at %d", cut).isEqualTo(entries);
        assertThat(repaired(repaired)).as("again").isEqualTo(repaired);
      }
    }
    assertThat(Hars.read(new String(repaired(whole), StandardCharsets.UTF_8))).isNotNull();
  }

  /** An end that took the place of an entry, while the rest of that was still there. */
  @Test
  void behindAnEndThereIsNothing() throws Exception {
    String whole = whole();
    String torn = whole + "startedDateTime\":\"2026";
    assertThat(repaired(torn.getBytes(StandardCharsets.UTF_8)))
        .isEqualTo(whole.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anotherFileIsLeftAlone() throws Exception {
    for (String text :
        List.of(
            "",
            "{}",
            "{\"log\":{\"entries\":[]}}\n",
            "{\n\"log\":{\"entries\":[\n",
            "\"entries\":[\n")) {
      Path file = Files.writeString(dir.resolve("other"), text);
      try (var channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        assertThat(HarRepair.complete(channel)).isFalse();
      }
      assertThat(file).hasContent(text);
    }
  }

  @Test
  void inAFileWithALongRest() throws Exception {
    String whole = whole();
    String kept = whole.substring(0, whole.length() - END.length());
    Path file = Files.writeString(dir.resolve("har"), kept + "x".repeat(200_000));
    try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      assertThat(HarRepair.complete(channel)).isTrue();
    }
    assertThat(Files.readString(file)).isEqualTo(whole);
  }
}
