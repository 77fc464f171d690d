package dev.earshot.process;

import static dev.earshot.process.Containment.Layer.CGROUP;
import static dev.earshot.process.Containment.Layer.ENVIRONMENT_MARK;
import static dev.earshot.process.Containment.Layer.LIMIT_MARK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Containment.Orphans;
import dev.earshot.process.DoomedMain.Death;
import dev.earshot.process.DoomedMain.Doom;
import dev.earshot.process.DoomedMain.Moment;
import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may happen to a guardian, and what it is to spare. */
class GuardianTest {
  @TempDir Path dir;

  private static Doom doom(String id, String... command) {
    return Doom.of(id + "-" + ProcessHandle.current().pid(), command).without(Set.of(CGROUP));
  }

  private static Doom treeOfEight(String id) {
    return doom(id, "/bin/sh", "-c", TreeOfEight.SCRIPT);
  }

  private static void nobodyIsLeft(Doom doom, Oracle oracle) {
    oracle.awaitNobody();
    Eventually.until("no guardian", () -> Doomed.guardians(doom.id()).isEmpty());
  }

  @Test
  void oneThatWasReplacedDoesTheSame() throws Exception {
    Path folder = Files.createDirectory(dir.resolve("folder"));
    Doom doom = treeOfEight("replaced").with(folder);
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(List.of(doomed.line(), doomed.line())).containsExactly("open", "ready");
      long first = Doomed.guardians(doom.id()).getFirst().pid();
      Libc.kill(first, Signal.KILL.number());
      Eventually.until(
          "another one",
          () -> {
            var now = Doomed.guardians(doom.id());
            return now.size() == 1 && now.getFirst().pid() != first;
          });
      doomed.kill();
      doomed.awaitKilled();
      nobodyIsLeft(doom, oracle);
      assertThat(folder).doesNotExist();
    }
  }

  @Test
  void aSignalToTheGroupOfItsOwnerMissesIt() throws Exception {
    Doom doom = treeOfEight("group");
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(List.of(doomed.line(), doomed.line())).containsExactly("open", "ready");
      assertThat(Libc.groupOf(doomed.pid())).isEqualTo((int) doomed.pid());
      Libc.kill(-doomed.pid(), Signal.KILL.number());
      doomed.awaitKilled();
      nobodyIsLeft(doom, oracle);
    }
  }

  @Test
  void itFindsItsToolsWithoutAPath() throws Exception {
    for (String path : new String[] {"", "/no/such/folder"}) {
      Map<String, String> environment = new HashMap<>(System.getenv());
      environment.put("PATH", path);
      String usual = "PATH=" + System.getenv("PATH");
      Doom doom = doom("path", "/usr/bin/env", usual, "/bin/sh", "-c", TreeOfEight.SCRIPT);
      var spec = CommandSpec.of(doom.commandLine()).withEnvironment(environment);
      try (var oracle = Oracle.open();
          var doomed = Doomed.start(oracle.inheritedBy(spec))) {
        assertThat(List.of(doomed.line(), doomed.line())).containsExactly("open", "ready");
        doomed.kill();
        doomed.awaitKilled();
        nobodyIsLeft(doom, oracle);
      }
    }
  }

  /** Its standard output is nobody's, so that a reader of ours is not kept waiting. */
  @Test
  void aReaderOfTheOutputSeesItsEndWithTheTree() throws Exception {
    Doom doom = treeOfEight("reader");
    try (var doomed = Doomed.start(CommandSpec.of(doom.commandLine()))) {
      assertThat(List.of(doomed.line(), doomed.line())).containsExactly("open", "ready");
      doomed.kill();
      doomed.awaitKilled();
      assertThat(doomed.line()).isEmpty();
    }
  }

  @Test
  void whatMayLiveOnDoesButNotTheCommandItself() throws Exception {
    // Both are named by the pattern; so is the daemon that holds no oracle.
    String seconds = "14." + ProcessHandle.current().pid();
    String script = "(setsid sleep $0 200>&- &); setsid sleep 13 & echo ready; exec sleep $0";
    Doom doom = doom("keep", "bash", "-c", script, seconds).keeping("sleep " + seconds);
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(List.of(doomed.line(), doomed.line(), doomed.line()))
          .containsExactlyInAnyOrder("open", "ready", "told");
      Eventually.until("both are themselves", () -> sleepers(seconds).size() == 2);
      doomed.kill();
      doomed.awaitKilled();
      nobodyIsLeft(doom, oracle);
      assertThat(sleepers(seconds)).hasSize(1);
      Libc.kill(sleepers(seconds).getFirst(), Signal.KILL.number());
    }
  }

  @Test
  void theCommandItselfNeverLivesOnHoweverYoungItIs() throws Exception {
    var random = new Random(3);
    for (int kill = 0; kill < (Boolean.getBoolean("stress") ? 50 : 5); kill++) {
      var after = Duration.ofNanos(random.nextLong(Duration.ofMillis(60).toNanos()));
      Doom doom =
          doom("young-" + kill, "sleep", "14")
              .keeping("sleep 14")
              .dyingAt(new Death(Moment.START, after));
      try (var oracle = Oracle.open();
          var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
        doomed.awaitKilled();
        nobodyIsLeft(doom, oracle);
      }
    }
  }

  /** With it, what it is a member of is killed at once. */
  private static final List<Set<Containment.Layer>> WITH_AND_WITHOUT_A_GROUP =
      List.of(Set.of(CGROUP), Set.of());

  @Test
  void thatOfASessionWithinItDoesItsWork() throws Exception {
    for (Set<Containment.Layer> without : WITH_AND_WITHOUT_A_GROUP) {
      Path within = Files.createTempDirectory(dir, "inner");
      Path around = Files.createTempDirectory(dir, "outer");
      Doom inner = treeOfEight("inner").with(within).without(without);
      Doom outer = doom("outer", inner.commandLine()).with(around).without(without);
      try (var oracle = Oracle.open();
          var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(outer.commandLine())))) {
        assertThat(List.of(doomed.line(), doomed.line(), doomed.line()))
            .containsExactly("open", "open", "ready");
        doomed.kill();
        doomed.awaitKilled();
        nobodyIsLeft(inner, oracle);
        nobodyIsLeft(outer, oracle);
        assertThat(within).doesNotExist();
        assertThat(around).doesNotExist();
      }
    }
  }

  @Test
  void thatOfASessionThatMayLiveOnGoesOnWaiting() throws Exception {
    Path folder = Files.createDirectory(dir.resolve("folder"));
    Doom inner = treeOfEight("kept-inner").with(folder);
    String[] command =
        Stream.concat(
                Stream.of("/bin/sh", "-c", "\"$@\" & wait", "sh"), Stream.of(inner.commandLine()))
            .toArray(String[]::new);
    Doom outer = doom("keeping-outer", command).keeping("*" + inner.id() + "*");
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(outer.commandLine())))) {
      assertThat(List.of(doomed.line(), doomed.line(), doomed.line(), doomed.line()))
          .containsExactlyInAnyOrder("open", "told", "open", "ready");
      ProcessTable.Entry guardian = Doomed.guardians(inner.id()).getFirst();
      doomed.kill();
      doomed.awaitKilled();
      Eventually.until("no outer guardian", () -> Doomed.guardians(outer.id()).isEmpty());
      assertThat(Doomed.guardians(inner.id())).extracting(Entry::pid).contains(guardian.pid());
      assertThat(folder).exists();
      Libc.kill(guardian.parent(), Signal.KILL.number());
      nobodyIsLeft(inner, oracle);
      assertThat(folder).doesNotExist();
    }
  }

  @Test
  void thatOfASessionWithinItDoesItsWorkWhenTheTreeIsKilled() throws Exception {
    for (Set<Containment.Layer> without : WITH_AND_WITHOUT_A_GROUP) {
      Path folder = Files.createTempDirectory(dir, "inner");
      Doom inner = treeOfEight("killed-inner").with(folder).without(without);
      var plan =
          new Containment.Plan(
              "killer", Orphans.ALL, List.of(), Optional.empty(), List.of(), false);
      try (var oracle = Oracle.open();
          var containment = Containment.open(plan, without);
          var run =
              Run.of(
                  containment,
                  oracle.inheritedBy(CommandSpec.of(inner.commandLine())),
                  Run.policy(Run.NOW))) {
        assertThat(List.of(run.line(), run.line())).containsExactly("open", "ready");
        long guardian = Doomed.guardians(inner.id()).getFirst().pid();
        run.controller().stop();
        ProcessResult result = run.await();
        assertThat(result.survivors()).isEmpty();
        assertThat(result.killed()).contains(run.controller().pid().orElseThrow());
        assertThat(result.killed()).doesNotContain(guardian);
        nobodyIsLeft(inner, oracle);
        assertThat(folder).doesNotExist();
      }
    }
  }

  /**
   * Without a mark, that it looks like one gives it a part of the time for the killed, and no more.
   */
  @Test
  void whatOnlyLooksLikeOneIsKilledInTheEnd() throws Exception {
    String script = "# The guardian of an Earshot session\ntrap '' TERM; echo ready; sleep 13; :";
    var policy = new StopPolicy(Signal.TERM, Duration.ZERO, Duration.ofSeconds(2));
    var plan =
        new Containment.Plan(
            "lookalike", Orphans.ALL, List.of(), Optional.empty(), List.of(), false);
    try (var oracle = Oracle.open();
        var containment = Containment.open(plan, Set.of(CGROUP, LIMIT_MARK, ENVIRONMENT_MARK));
        var run =
            Run.of(
                containment,
                oracle.inheritedBy(CommandSpec.of("setsid", "-w", "/bin/sh", "-c", script)),
                policy)) {
      assertThat(run.line()).isEqualTo("ready");
      run.controller().stop();
      assertThat(run.await().survivors()).isEmpty();
      oracle.awaitNobody();
    }
  }

  @Test
  void itIsKnownAsOne() {
    try (var containment = Containment.open(Containment.Plan.of("known-guardian"))) {
      long guardian = containment.reaper().guardianPid().orElseThrow();
      Eventually.until(
          "a guardian that has begun its program",
          () -> ProcessTable.of(guardian).filter(Guardian::is).isPresent());
      assertThat(Guardian.is(ProcessTable.of(ProcessHandle.current().pid()).orElseThrow()))
          .isFalse();
    }
  }

  private static List<Long> sleepers(String seconds) {
    return ProcessTable.all().stream()
        .filter(ProcessTable.Entry::isAlive)
        .map(ProcessTable.Entry::pid)
        .filter(pid -> KeepPattern.commandLine(pid).equals("sleep " + seconds))
        .toList();
  }

  @Test
  void oneThatDoesNotReactDoesNotHoldTheClose() {
    var containment = Containment.open(Containment.Plan.of("stopped-guardian"));
    long guardian = containment.reaper().guardianPid().orElseThrow();
    Libc.kill(guardian, Signal.STOP.number());
    Eventually.until("it is stopped", () -> ProcessTable.of(guardian).orElseThrow().state() == 'T');
    long before = System.nanoTime();
    containment.close();
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(2));
    assertThat(ProcessTable.of(guardian)).isEmpty();
  }

  /** One that cannot be started at all is done without. */
  @Test
  void withoutOneAllTheRestWorks() throws Exception {
    var plan = Containment.Plan.of("unguarded");
    try (var oracle = Oracle.open();
        var containment = Containment.open(plan, Set.of(Containment.Layer.GUARDIAN));
        var run =
            Run.of(containment, oracle.inheritedBy(TreeOfEight.spec()), Run.policy(Run.NOW))) {
      assertThat(containment.layers()).doesNotContain(Containment.Layer.GUARDIAN);
      assertThat(run.line()).isEqualTo("ready");
      run.controller().stop();
      assertThat(run.await().survivors()).isEmpty();
      oracle.awaitNobody();
    }
  }
}
