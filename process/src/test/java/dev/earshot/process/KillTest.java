package dev.earshot.process;

import static dev.earshot.process.Containment.Layer.CGROUP;
import static dev.earshot.process.Containment.Layer.GUARDIAN;
import static dev.earshot.process.Containment.Layer.LIMIT_MARK;
import static dev.earshot.process.Containment.Layer.SUBREAPER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Containment.Layer;
import dev.earshot.process.Containment.Orphans;
import dev.earshot.process.DoomedMain.Death;
import dev.earshot.process.DoomedMain.Doom;
import dev.earshot.process.DoomedMain.Moment;
import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program that owns a tree is killed with KILL: nobody of the tree, and nothing of it, stays. */
@Timeout(600)
class KillTest {
  private static final boolean STRESS = Boolean.getBoolean("stress");
  private static final AtomicInteger NAMES = new AtomicInteger();

  @TempDir Path dir;

  /** What the tree is held together by. */
  enum Means {
    ALL(3),
    NO_CGROUP(6),
    NO_CGROUP_AND_MARKED_ORPHANS(2),
    NO_CGROUP_NO_SUBREAPER(2),
    NO_CGROUP_NO_LIMIT(2),
    NO_LIMIT(2);

    private final int kills;

    Means(int kills) {
      this.kills = kills;
    }

    int kills() {
      return STRESS ? 50 : kills;
    }

    /** Nothing leads to an orphan with neither mark. */
    Doom tree() {
      Set<Layer> without =
          switch (this) {
            case ALL -> Set.of();
            case NO_CGROUP, NO_CGROUP_AND_MARKED_ORPHANS -> Set.of(CGROUP);
            case NO_CGROUP_NO_SUBREAPER -> Set.of(CGROUP, SUBREAPER);
            case NO_CGROUP_NO_LIMIT -> Set.of(CGROUP, LIMIT_MARK);
            case NO_LIMIT -> Set.of(LIMIT_MARK);
          };
      var orphans = this == NO_CGROUP_AND_MARKED_ORPHANS ? Orphans.MARKED : Orphans.ALL;
      boolean limit = !without.contains(LIMIT_MARK);
      String script = limit ? TreeOfEight.SCRIPT : TreeOfEight.MARKED_SCRIPT;
      return Doom.of(newName(), "/bin/sh", "-c", script).without(without).adopting(orphans);
    }
  }

  private static String newName() {
    return "doomed-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet();
  }

  @ParameterizedTest
  @EnumSource(Means.class)
  void nobodyIsLeftIfItIsKilledAroundTheStart(Means means, TestReporter reporter)
      throws Exception {
    nobodyIsLeft(means, Moment.START, Duration.ofMillis(60), reporter);
  }

  @ParameterizedTest
  @EnumSource(Means.class)
  void nobodyIsLeftOfATreeThatIsBeingBuilt(Means means, TestReporter reporter) throws Exception {
    nobodyIsLeft(means, Moment.SPAWN, Duration.ofMillis(60), reporter);
  }

  @ParameterizedTest
  @EnumSource(Means.class)
  void nobodyIsLeftOfATreeThatIsThere(Means means, TestReporter reporter) throws Exception {
    nobodyIsLeft(means, Moment.SPAWN, Duration.ofMillis(500), reporter);
  }

  /** Nothing is there for a folder before there is a guardian: that is its owner's to see to. */
  @Test
  void nobodyIsLeftIfItIsKilledBeforeItOwnsAnything() throws Exception {
    var random = new Random(7);
    for (int kill = 0; kill < (STRESS ? 50 : 8); kill++) {
      Doom doom = Means.ALL.tree();
      try (var oracle = Oracle.open();
          var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
        long end = System.nanoTime() + random.nextLong(Duration.ofMillis(600).toNanos());
        Eventually.until("it is time", () -> System.nanoTime() - end > 0);
        doomed.kill();
        doomed.awaitKilled();
        oracle.awaitNobody();
        nothingIsLeft(doom);
      }
    }
  }

  private void nobodyIsLeft(Means means, Moment from, Duration latest, TestReporter reporter)
      throws Exception {
    var random = new Random(latest.toNanos());
    Duration slowest = Duration.ZERO;
    for (int kill = 0; kill < means.kills(); kill++) {
      var after = Duration.ofNanos(random.nextLong(latest.toNanos()));
      Doom doom = means.tree().with(newFolder()).dyingAt(new Death(from, after));
      Duration took = nobodyIsLeft(doom);
      slowest = took.compareTo(slowest) > 0 ? took : slowest;
    }
    reporter.publishEntry(
        "%s, %d kills up to %d ms after the %s: slowest clean-up"
            .formatted(means, means.kills(), latest.toMillis(), from),
        slowest.toMillis() + " ms");
  }

  private Path newFolder() throws Exception {
    Path folder = Files.createTempDirectory(dir, "earshot-0-");
    Files.writeString(folder.resolve("file"), "text");
    return folder;
  }

  private static Duration nobodyIsLeft(Doom doom) throws Exception {
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      doomed.awaitKilled();
      Duration took = oracle.awaitNobody();
      nothingIsLeft(doom);
      assertThat(doomed.line()).isEqualTo("open");
      return took;
    }
  }

  private static void nothingIsLeft(Doom doom) {
    Eventually.until("no guardian", () -> Doomed.guardians(doom.id()).isEmpty());
    assertThat(doom.folder().filter(Files::exists)).isEmpty();
    assertThat(cgroup(doom.id()).filter(Files::exists)).isEmpty();
  }

  /** Where its control group was, if there can be any. */
  private static Optional<Path> cgroup(String id) {
    return Cgroup.below("earshot-" + Mark.of(id).prefix()).map(Cgroup::path);
  }
}
