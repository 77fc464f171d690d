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
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

/**
 * The program that owns a tree is killed with KILL: nobody of the tree, and nothing of it, stays.
 */
@Timeout(600)
class KillTest {
  private static final boolean STRESS = Boolean.getBoolean("stress");
  private static final AtomicInteger NAMES = new AtomicInteger();

  @TempDir Path dir;

  /** What the tree is held together by. */
  enum Means {
    ALL(3),
    NO_CGROUP(5),
    NO_CGROUP_AND_MARKED_ORPHANS(2),
    NO_CGROUP_NO_SUBREAPER(2),
    NO_CGROUP_NO_LIMIT(2),
    NO_LIMIT(2);

    private final int kills;

    Means(int kills) {
      this.kills = kills;
    }

    int kills() {
      return STRESS ? 10 * kills : kills;
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
  void nobodyIsLeftIfItIsKilledAroundTheStart(Means means, TestReporter reporter) throws Exception {
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

  /** Its session ends it as well if it is named otherwise and has no environment. */
  @Test
  void nobodyIsLeftThatHidesItsNameAndItsEnvironment() throws Exception {
    var hide = "import os, sys; os.execve(sys.executable, [sys.executable, '-c', sys.argv[1]], {})";
    var hidden =
        """
        import ctypes, os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(15, b'kworker/0:1')
        print(open('/proc/self/environ').read() + open('/proc/self/comm').read(), end='', flush=True)
        time.sleep(15)
        """;
    var script = "(setsid python3 -c \"$1\" \"$2\" &); exec sleep 15";
    var doom =
        Doom.of(newName(), "/bin/sh", "-c", script, "sh", hide, hidden).without(Set.of(CGROUP));
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(doomed.line()).isEqualTo("open");
      assertThat(doomed.line()).as("is the package python3 there?").isEqualTo("kworker/0:1");
      doomed.kill();
      doomed.awaitKilled();
      oracle.awaitNobody();
      nothingIsLeft(doom);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ALL", "NO_CGROUP"})
  void aDaemonThatAlwaysHasASuccessorIsCaught(Means means, TestReporter reporter) throws Exception {
    Duration slowest = Duration.ZERO;
    for (int kill = 0; kill < (STRESS ? 20 : 2); kill++) {
      var command = Hopper.spec(10_000).argv().toArray(String[]::new);
      var doom = Doom.of(newName(), command).without(means.tree().without());
      Path fifo = dir.resolve("oracle-" + kill);
      var spec = Namespace.of(fifo, CommandSpec.of(doom.commandLine()));
      try (var oracle = Oracle.named(fifo);
          var outside = Doomed.start(spec)) {
        assertThat(outside.line()).as("may a namespace be made?").isEqualTo("open");
        assertThat(outside.line()).as("is the package python3 there?").isEqualTo("hopping");
        outside.tell("kill");
        assertThat(outside.line()).isEqualTo("gone");
        Duration took = oracle.awaitNobody();
        slowest = took.compareTo(slowest) > 0 ? took : slowest;
        nothingIsLeft(doom);
      }
    }
    reporter.publishEntry(means + ", hopper: slowest clean-up", slowest.toMillis() + " ms");
  }

  /** Where a user sees no process but his own (proc(5), hidepid). */
  @Test
  void nobodyIsLeftWhereOthersAreHidden() throws Exception {
    boolean root = System.getProperty("user.name", "").equals("root");
    // The classes may be where only root can read.
    var reading = "--inh-caps +dac_read_search --ambient-caps +dac_read_search";
    var user = root ? "setpriv --reuid 65534 --clear-groups " + reading : "";
    var hide = "mount -o remount,hidepid=2 /proc && exec " + user + " \"$@\"";
    Doom doom = Means.NO_CGROUP.tree();
    List<String> words = new ArrayList<>(List.of("/bin/sh", "-c", hide, "sh"));
    words.addAll(List.of(doom.commandLine()));
    Path fifo = dir.resolve("oracle");
    var spec = Namespace.of(fifo, CommandSpec.of(words.toArray(String[]::new)));
    try (var oracle = Oracle.named(fifo);
        var outside = Doomed.start(spec)) {
      assertThat(outside.line()).as("may a namespace be made?").isEqualTo("open");
      assertThat(outside.line()).isEqualTo("ready");
      outside.tell("kill");
      assertThat(outside.line()).isEqualTo("gone");
      oracle.awaitNobody();
      nothingIsLeft(doom);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ALL", "NO_CGROUP"})
  void theToolInsideTheToolGoesWithIt(Means means) throws Exception {
    Doom inner = means.tree();
    Doom outer = Doom.of(newName(), inner.commandLine()).with(newFolder()).without(inner.without());
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(outer.commandLine())))) {
      assertThat(doomed.line()).isEqualTo("open");
      assertThat(doomed.line()).isEqualTo("open");
      assertThat(doomed.line()).isEqualTo("ready");
      doomed.kill();
      doomed.awaitKilled();
      oracle.awaitNobody();
      nothingIsLeft(outer);
      nothingIsLeft(inner);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ALL", "NO_CGROUP"})
  void theToolAroundTheToolGoesOn(Means means) throws Exception {
    var killed = Duration.ofMillis(100);
    Doom inner = means.tree().dyingAt(new Death(Moment.SPAWN, killed));
    Doom outer = Doom.of(newName(), inner.commandLine()).without(inner.without());
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(outer.commandLine())))) {
      for (String line = doomed.line(); !line.startsWith("ended"); line = doomed.line()) {
        assertThat(line).isIn("open", "ready");
      }
      doomed.awaitEnd();
      oracle.awaitNobody();
      nothingIsLeft(inner);
      nothingIsLeft(outer);
    }
  }

  @Test
  void nobodyIsLeftOnABusyMachine(TestReporter reporter) throws Exception {
    List<Process> busy = new ArrayList<>();
    try {
      for (int i = 0; i < (STRESS ? 20 : 2); i++) {
        var loop = new ProcessBuilder("sh", "-c", "while :; do :; done");
        busy.add(loop.redirectOutput(Redirect.DISCARD).redirectErrorStream(true).start());
      }
      nobodyIsLeft(Means.NO_CGROUP, Moment.SPAWN, Duration.ofMillis(500), reporter);
    } finally {
      for (Process each : busy) {
        each.destroyForcibly().waitFor();
        each.getOutputStream().close();
      }
    }
  }

  /** That the others can fail: somebody is seen to live on. */
  @Test
  void withoutAGuardianTheTreeLivesOn() throws Exception {
    Doom doom = Means.NO_CGROUP.tree().without(Set.of(CGROUP, GUARDIAN));
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(doomed.line()).isEqualTo("open");
      assertThat(doomed.line()).isEqualTo("ready");
      doomed.kill();
      doomed.awaitKilled();
      assertThat(oracle.isNobodyLeftWithin(Duration.ofMillis(100))).isFalse();
      Mark mark = Mark.of(doom.id());
      ProcessTable.all().stream()
          .filter(each -> mark.isOfContainmentOf(each.pid()))
          .forEach(each -> Libc.kill(each.pid(), Signal.KILL.number()));
      oracle.awaitNobody();
    }
  }

  @Test
  void nothingIsLeftIfItIsKilledAroundItsEnd() throws Exception {
    var random = new Random(11);
    for (int kill = 0; kill < (STRESS ? 100 : 5); kill++) {
      var after = Duration.ofNanos(random.nextLong(Duration.ofMillis(60).toNanos()));
      Doom doom = Doom.of(newName(), "/bin/true").dyingAt(new Death(Moment.SPAWN, after));
      try (var doomed = Doomed.start(CommandSpec.of(doom.commandLine()))) {
        doomed.awaitEndOrKill();
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
