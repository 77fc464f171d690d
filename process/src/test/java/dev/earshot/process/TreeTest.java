package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trees whose members leave their parents, their group, their session and their environment. */
class TreeTest {
  private static final Duration NEVER = Run.NEVER;
  private static final Duration NOW = Run.NOW;

  /** Prints its pid, and lives for 15 s at most. */
  private static final String SLEEPER = "sh -c 'echo $$; exec sleep 15'";

  private static final String STUBBORN_SLEEPER = "sh -c 'trap \"\" TERM; echo $$; exec sleep 15'";

  private static boolean lives(long pid) {
    return ProcessTable.of(pid).filter(ProcessTable.Entry::isAlive).isPresent();
  }

  private static long pidLine(Run run) throws IOException {
    return Long.parseLong(run.line());
  }

  @Test
  void oneThatMadeASessionIsAskedOnceTheLeaderHasEnded() throws Exception {
    try (var run = Run.of(Run.sh("setsid " + SLEEPER + " & exec sleep 15"), Run.policy(NEVER))) {
      long other = pidLine(run);
      run.controller().stop();
      var result = run.await();
      assertThat(lives(other)).isFalse();
      assertThat(result.killed()).isEmpty();
      assertThat(run.signaled())
          .containsExactly(
              new ProcessEvent.Signaled(
                  Signal.TERM, ProcessEvent.Target.GROUP, ProcessEvent.Why.STOP),
              new ProcessEvent.Signaled(
                  Signal.TERM, ProcessEvent.Target.DESCENDANTS, ProcessEvent.Why.STOP));
    }
  }

  @Test
  void aDaemonIsALeftoverLikeAnyOther() throws Exception {
    // The one in between ends, so that nothing links the daemon to the leader any more.
    var script = "(setsid " + SLEEPER + " &) ; read _; exit 4";
    try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
      long daemon = pidLine(run);
      run.controller().stdin().orElseThrow().write('\n');
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.exitCode()).hasValue(4);
      assertThat(result.killed()).isEmpty();
      assertThat(lives(daemon)).isFalse();
      assertThat(run.signaled())
          .containsExactly(
              new ProcessEvent.Signaled(
                  Signal.TERM, ProcessEvent.Target.DESCENDANTS, ProcessEvent.Why.LEFTOVER));
    }
  }

  @Test
  void aDaemonThatIgnoresTermIsKilledAfterTheGrace() throws Exception {
    var script = "(setsid env -i " + STUBBORN_SLEEPER + " &) ; read _";
    try (var run = Run.of(Run.sh(script), Run.policy(NOW))) {
      long daemon = pidLine(run);
      run.controller().stdin().orElseThrow().write('\n');
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.killed()).containsExactly(daemon);
      assertThat(lives(daemon)).isFalse();
    }
  }

  @Test
  void leftoversThatComeAndGoAreKilledAfterTheGrace() throws Exception {
    var script = "(trap '' TERM; while :; do sleep 0.01; done) & exit 5";
    try (var run = Run.of(Run.sh(script), Run.policy(Duration.ofMillis(300)))) {
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.error()).isEmpty();
      assertThat(result.survivors()).isEmpty();
      assertThat(run.whys()).startsWith(ProcessEvent.Why.LEFTOVER);
      assertThat(run.whys()).endsWith(ProcessEvent.Why.ESCALATION);
    }
  }

  @Test
  void aLeaderThatIgnoresTheStopAndAllItsTreeAreKilled() throws Exception {
    var script = "trap '' TERM; " + SLEEPER + " & setsid " + STUBBORN_SLEEPER + " & exec sleep 15";
    try (var run = Run.of(Run.sh(script), Run.policy(NOW))) {
      List<Long> others = List.of(pidLine(run), pidLine(run));
      run.controller().stop();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertThat(result.killed()).contains(run.pid());
      assertThat(others).noneMatch(TreeTest::lives);
      assertThat(run.signaled())
          .contains(
              new ProcessEvent.Signaled(
                  Signal.KILL, ProcessEvent.Target.DESCENDANTS, ProcessEvent.Why.ESCALATION));
    }
  }

  @Test
  void aStoppedDaemonGetsTheStopSignalAndItsContinuation() throws Exception {
    var script = "(setsid " + SLEEPER + " &) ; read _";
    try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
      long daemon = pidLine(run);
      Libc.kill(daemon, Signal.STOP.number());
      run.controller().stdin().orElseThrow().write('\n');
      assertThat(run.await().killed()).isEmpty();
      assertThat(lives(daemon)).isFalse();
    }
  }

  @Test
  void anOrphanThatEndsIsReapedWhileTheCommandRuns() throws Exception {
    var script = "(setsid sh -c 'echo $$; exec sleep 0' &) ; read _";
    try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
      long orphan = pidLine(run);
      Eventually.until("no zombie is left", () -> ProcessTable.of(orphan).isEmpty());
      assertThat(run.controller().result()).isEmpty();
      run.controller().stdin().orElseThrow().write('\n');
      assertThat(run.await().exitCode()).hasValue(0);
    }
  }

  @Test
  void everybodyCarriesTheMarkAlsoWithoutAnEnvironment() throws Exception {
    var script = "setsid env -i sh -c 'grep \"file locks\" /proc/self/limits; echo end'; read _";
    try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
      assertThat(run.line()).matches("Max file locks +1[0-9]{17} +unlimited +locks *");
      assertThat(run.line()).isEqualTo("end");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10})
  void aTreeOfEightIsGoneWheneverTheStopComes(int spins) throws Exception {
    var random = new Random(spins);
    int rounds = Boolean.getBoolean("stress") ? 50 : 5;
    for (int round = 0; round < rounds; round++) {
      try (var oracle = Oracle.open();
          var run = Run.of(oracle.inheritedBy(TreeOfEight.spec()), Run.policy(NOW))) {
        if (spins > 0) {
          run.line();
        }
        for (int spin = random.nextInt(1 + spins * 1_000_000); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        run.controller().stop();
        var result = run.await();
        assertThat(result.survivors()).isEmpty();
        oracle.awaitNobody();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {10_000, 2_000, 0})
  void aDaemonThatAlwaysHasASuccessorIsCaught(int micros) throws Exception {
    try (var oracle = Oracle.open();
        var run = Run.of(oracle.inheritedBy(Hopper.spec(micros)), Run.policy(NOW))) {
      assertThat(run.line()).as("is the package python3 there?").isEqualTo("hopping");
      run.controller().stop();
      assertThat(run.await().survivors()).isEmpty();
      oracle.awaitNobody();
    }
  }

  @Test
  void aForkBombOfTwoHundredIsGone() throws Exception {
    var script =
        """
        trap '' TERM
        i=0; while [ $i -lt 200 ]; do i=$((i + 1)); (setsid sleep 15 &); done
        echo ready; exec sleep 15
        """;
    try (var oracle = Oracle.open();
        var run = Run.of(oracle.inheritedBy(Run.sh(script)), Run.policy(NOW))) {
      assertThat(run.line()).isEqualTo("ready");
      run.controller().stop();
      assertThat(run.await().survivors()).isEmpty();
      oracle.awaitNobody();
    }
  }

  @Test
  void whatMayLiveOnDoes() throws Exception {
    var keep = List.of(new KeepPattern("*sleep 14"));
    try (var containment = Containment.open(Containment.Plan.of("keep-test").keeping(keep));
        var run =
            Run.of(
                containment,
                Run.sh("(setsid sh -c 'echo $$; exec sleep 14' &); " + SLEEPER + " & read _"),
                Run.policy(NEVER))) {
      long one = pidLine(run);
      long two = pidLine(run);
      run.controller().stdin().orElseThrow().write('\n');
      var result = run.await();
      assertThat(result.kept()).extracting(Survivor::name).containsExactly("sleep");
      long kept = result.kept().getFirst().pid();
      assertThat(kept).isIn(one, two);
      assertThat(lives(kept)).isTrue();
      assertThat(lives(kept == one ? two : one)).isFalse();
      Libc.kill(kept, Signal.KILL.number());
      Eventually.until("reaped", () -> ProcessTable.of(kept).isEmpty());
    }
  }

  @Test
  void oneOfTheGroupThatMayLiveOnIsNotAsked() throws Exception {
    var keep = List.of(new KeepPattern("*sleep 13"));
    try (var containment = Containment.open(Containment.Plan.of("keep-group").keeping(keep));
        var run =
            Run.of(
                containment,
                Run.sh("sh -c 'exec sleep 13' & echo $!; exec sleep 15"),
                Run.policy(NEVER))) {
      long kept = pidLine(run);
      Eventually.until("it is itself", () -> KeepPattern.commandLine(kept).equals("sleep 13"));
      run.controller().stop();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
      assertThat(result.kept()).extracting(Survivor::pid).containsExactly(kept);
      assertThat(lives(kept)).isTrue();
      Libc.kill(kept, Signal.KILL.number());
      Eventually.until("reaped", () -> ProcessTable.of(kept).isEmpty());
    }
  }

  @Test
  void theJvmsOtherChildrenAreNobodysOrphans() throws Exception {
    var theirs = new ProcessBuilder("sh", "-c", "exec sleep 15").start();
    try (var run = Run.of(Run.sh("sleep 15 & exit 0"), Run.policy(NOW))) {
      assertThat(run.await().killed()).doesNotContain(theirs.pid());
      assertThat(theirs.isAlive()).isTrue();
    } finally {
      theirs.destroyForcibly();
      assertThat(theirs.waitFor()).isEqualTo(128 + Signal.KILL.number());
      theirs.getInputStream().close();
      theirs.getErrorStream().close();
      theirs.getOutputStream().close();
    }
  }

  @Test
  void twoTreesOfOneContainmentDoNotTouchEachOther() throws Exception {
    var script = "(setsid " + SLEEPER + " &) ; read _";
    try (var containment = Containment.open(Containment.Plan.of("two-trees"));
        var one = Run.of(containment, Run.sh(script), Run.policy(NOW));
        var two = Run.of(containment, Run.sh(script), Run.policy(NOW))) {
      long ofOne = pidLine(one);
      long ofTwo = pidLine(two);
      one.controller().stop();
      one.await();
      assertThat(lives(ofOne)).isFalse();
      assertThat(lives(ofTwo)).isTrue();
      two.controller().stop();
      two.await();
      assertThat(lives(ofTwo)).isFalse();
    }
  }

  @Test
  void aNumberThatIsAnothersByNowDoesItNoHarm(@TempDir Path dir) throws Exception {
    Path fifo = dir.resolve("oracle");
    var java = CommandSpec.of(Shell.javaWords(ReuseMain.class).toArray(String[]::new));
    try (var oracle = Oracle.named(fifo);
        var outside = Doomed.start(Namespace.of(fifo, java))) {
      assertThat(outside.line()).as("may a namespace be made?").isEqualTo("old look: lives true");
      assertThat(outside.line()).isEqualTo("member: lives true FORCED_KILL false");
      assertThat(outside.line()).isEqualTo("leader: lives false");
      assertThat(outside.line()).isEqualTo("group: lives true true");
      outside.tell("end");
      assertThat(outside.line()).isEqualTo("gone");
      oracle.awaitNobody();
    }
  }

  @Test
  void aGuardianThatIsKilledIsReplaced() throws Exception {
    try (var containment = Containment.open(Containment.Plan.of("replaced"));
        var run = Run.of(containment, Run.sh("read _"), Run.policy(NEVER))) {
      for (int i = 0; i < 3; i++) {
        long guardian = containment.reaper().guardianPid().orElseThrow();
        Libc.kill(guardian, Signal.KILL.number());
        Eventually.until(
            "another one",
            () -> containment.reaper().guardianPid().stream().anyMatch(now -> now != guardian));
      }
      run.controller().stdin().orElseThrow().write('\n');
      assertThat(run.await().exitCode()).hasValue(0);
    }
  }

  @Test
  void aGuardianHasASessionOfItsOwnAndNoDescriptorOfTheCommands() throws Exception {
    try (var containment = Containment.open(Containment.Plan.of("apart"));
        var run = Run.of(containment, Run.sh("read _"), Run.policy(NEVER))) {
      long guardian = containment.reaper().guardianPid().orElseThrow();
      var entry = ProcessTable.of(guardian).orElseThrow();
      assertThat(entry.session()).isEqualTo(guardian);
      assertThat(Files.readSymbolicLink(Path.of("/proc/" + guardian + "/cwd")))
          .isEqualTo(Path.of("/"));
      assertThat(run.pid()).isPositive();
      // Its loader has more open at first.
      Eventually.until(
          () -> "pipes and nothing else, but " + targets(guardian),
          () ->
              targets(guardian).stream()
                  .allMatch(to -> to.startsWith("pipe:") || to.equals("/dev/null")));
    }
  }

  private static List<String> targets(long pid) {
    try (var all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return all.map(TreeTest::target).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Empty if it is closed by now. */
  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (NoSuchFileException closed) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theLayersAreTold() {
    try (var containment = Containment.open(Containment.Plan.of("layers"))) {
      assertThat(containment.layers())
          .contains(
              Containment.Layer.PROCESS_GROUP,
              Containment.Layer.SUBREAPER,
              Containment.Layer.PIDFD,
              Containment.Layer.LIMIT_MARK,
              Containment.Layer.ENVIRONMENT_MARK,
              Containment.Layer.GUARDIAN)
          .isSorted();
    }
  }

  @Test
  void aMarkFollowsFromTheNameAndCountsItsRuns() {
    var mark = Mark.of("a session");
    assertThat(mark).isEqualTo(Mark.of("a session")).isNotEqualTo(Mark.of("another session"));
    assertThat(mark.prefix()).matches("1[0-9]{12}");
    assertThat(mark.ofRun(1).number()).isEqualTo(mark.number() + 1);
    assertThat(mark.ofRun(2).ofRun(1)).isEqualTo(mark.ofRun(1));
    assertThat(mark.ofRun(99_999).number()).isEqualTo(mark.number() + 99_999);
    assertThat(mark.ofRun(100_000)).isEqualTo(mark.ofRun(1));
    assertThat(Long.toString(mark.ofRun(7).number())).startsWith(mark.prefix()).endsWith("00007");
  }

  @Test
  void patternsMatchNamesProgramsAndCommandLines() {
    assertThat(new KeepPattern("ssh-agent").matches("ssh-agent", "/usr/bin/ssh-agent -s")).isTrue();
    assertThat(new KeepPattern("ssh").matches("ssh-agent", "/usr/bin/ssh-agent -s")).isFalse();
    assertThat(new KeepPattern("gradle?").matches("java", "/opt/gradle9 x")).isTrue();
    assertThat(new KeepPattern("*GradleDaemon*").matches("java", "java -cp x a.GradleDaemon 9"))
        .isTrue();
    assertThat(new KeepPattern("[a]").matches("a", "a")).isFalse();
    assertThat(new KeepPattern("a*c*e").matches("abcde", "x")).isTrue();
    assertThat(new KeepPattern("a*c*e").matches("abcdef", "x")).isFalse();
    assertThat(new KeepPattern("**").matches("", "")).isTrue();
    assertThat(new KeepPattern("a?").matches("a", "a")).isFalse();
    var many = new KeepPattern("*a".repeat(400) + "*b");
    assertThat(many.matches("a".repeat(10_000), "a".repeat(10_000))).isFalse();
  }
}
