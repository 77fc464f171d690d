package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Redaction;
import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CapturesTest {
  @TempDir Path root;

  private Captures captures() {
    return new Captures(root.resolve("captures"));
  }

  private Path file(String id) {
    return root.resolve("captures").resolve(id + ".db");
  }

  private CaptureWriter writer(String id) {
    return CaptureWriter.toFile(
        file(id), Redaction.NONE, Feed.folders(root), CaptureLimits.DEFAULT);
  }

  private void make(String... ids) {
    new Captures(root.resolve("captures")).problem();
    for (String id : ids) {
      var feed = Feed.started(writer(id));
      feed.exchange(1, "{}");
      assertTrue(feed.finish().orElseThrow().error().isEmpty());
    }
  }

  private List<String> names() throws Exception {
    try (var all = Files.list(root.resolve("captures"))) {
      return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Test
  void listsTheNewestFirstAndSaysWhatItCannotRead() throws Exception {
    assertEquals(List.of(), captures().list().captures());
    make("20261101-a", "20261103-c", "20261102-b");
    Files.writeString(file("20261104-d"), "no database");
    var listing = captures().list();
    assertEquals(
        List.of(file("20261103-c"), file("20261102-b"), file("20261101-a")),
        listing.captures().stream().map(CaptureFacts::file).toList());
    assertEquals(1, listing.problems().size());
    var facts = listing.captures().getFirst();
    assertEquals(CaptureFacts.State.ENDED, facts.state());
    assertEquals(1, facts.exchanges());
    assertTrue(facts.bytes() > 0);
  }

  @Test
  void findsWhatIsMeant() throws Exception {
    assertMessage("no session is kept yet", "last");
    make("20261101-abc", "20261102-abd");
    var captures = captures();
    assertEquals(file("20261102-abd"), captures.resolve("last"));
    assertEquals(file("20261101-abc"), captures.resolve("20261101"));
    assertEquals(file("20261101-abc"), captures.resolve("20261101-abc"));
    Path elsewhere = root.resolve("elsewhere");
    Files.copy(file("20261101-abc"), elsewhere);
    assertEquals(elsewhere, captures.resolve(elsewhere.toString()));
    assertMessage("20261102-abd, 20261101-abc", "202611");
    assertMessage("no session 2025", "2025");
    assertMessage("no such file", "/none/x.db");
    assertMessage("no session", "");
    assertMessage("no session", "\0");
  }

  @Test
  void ofTwoWithinASecondTheLastIsTheOneThatWasMadeLast() throws Exception {
    make("20261101-120000-ffff", "20261101-120000-0000", "20261101-115959-aaaa");
    assertEquals(file("20261101-120000-0000"), captures().resolve("last"));
    assertEquals(
        1, captures().prune(new Captures.Keep(2, Duration.ofDays(1), 1L << 40), Instant.now()));
    assertEquals(List.of("20261101-120000-0000.db", "20261101-120000-ffff.db"), names());
  }

  private void assertMessage(String part, String word) {
    var problem = assertThrows(CaptureException.class, () -> captures().resolve(word));
    assertTrue(String.valueOf(problem.getMessage()).contains(part), problem.getMessage());
  }

  @Test
  void removesWhatEndedAndNotWhatLives() throws Exception {
    make("20261101-a");
    Captures.remove(file("20261101-a"));
    assertFalse(Files.exists(file("20261101-a")));
    assertThrows(CaptureException.class, () -> Captures.remove(file("20261101-a")));

    var writer = writer("20261102-b");
    var feed = Feed.started(writer);
    Eventually.until("it is there", () -> writer.file().isPresent());
    Eventually.until("it is known", () -> captures().list().captures().size() == 1);
    assertThrows(CaptureException.class, () -> Captures.remove(file("20261102-b")));
    assertEquals(0, captures().prune(new Captures.Keep(0, Duration.ZERO, 0), Instant.now()));
    feed.finish();
    Captures.remove(file("20261102-b"));
    assertEquals(List.of(), names());
  }

  @Test
  void prunesByCountAgeAndSize() throws Exception {
    make("20261101-a", "20261102-b", "20261103-c", "20261104-d");
    var now = Instant.now();
    var generous = Captures.Keep.DEFAULT;
    assertEquals(0, captures().pruneSome(generous, now));
    assertEquals(1, captures().prune(new Captures.Keep(3, generous.age(), 1L << 40), now));
    assertEquals(List.of("20261102-b.db", "20261103-c.db", "20261104-d.db"), names());
    Files.setLastModifiedTime(file("20261102-b"), FileTime.from(now.minus(Duration.ofDays(31))));
    assertEquals(1, captures().prune(generous, now));
    assertEquals(List.of("20261103-c.db", "20261104-d.db"), names());
    long size = Files.size(file("20261104-d"));
    assertEquals(1, captures().prune(new Captures.Keep(9, generous.age(), size), now));
    assertEquals(List.of("20261104-d.db"), names());
  }

  @Test
  void whatCannotBeReadIsPrunedOnceItIsNoSessionsForSure() throws Exception {
    assertEquals(Optional.empty(), captures().problem());
    Files.writeString(file("20261101-a"), "no database");
    var none = new Captures.Keep(0, Duration.ofDays(30), 0);
    assertEquals(0, captures().prune(none, Instant.now()));
    assertEquals(1, captures().prune(none, Instant.now().plus(Duration.ofHours(2))));
  }
}
