package dev.earshot.process;

import static dev.earshot.process.Leftovers.Sign.DESCENDANT;
import static dev.earshot.process.Leftovers.Sign.LIMIT;
import static dev.earshot.process.Leftovers.Sign.VARIABLE;
import static dev.earshot.process.Leftovers.Standing.KEPT;
import static dev.earshot.process.Leftovers.Standing.OTHER_USER;
import static dev.earshot.process.Leftovers.Standing.OURS;
import static dev.earshot.process.Leftovers.Standing.RUNS_US;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Leftovers.Marks;
import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.process.ProcessTable.Identity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a dead containment left: who it is, and that nobody else is touched. */
class LeftoversTest {
  private static final long SELF = 100;
  private static final long US = 1000;

  /** The test's own run has a mark, too. */
  private static final String NO_LIMIT = "prlimit --locks=unlimited -- ";

  private static final Marks NONE = new Marks(Set.of(), false);
  private static final Marks FOREIGN = new Marks(Set.of(), true);
  private static final Marks BOTH = new Marks(Set.of(LIMIT, VARIABLE), false);
  private static final Marks LIMITED = new Marks(Set.of(LIMIT), false);

  /** Processes as they are made up, each with its marks. */
  private static final class World {
    private final List<Entry> all = new ArrayList<>();
    private final Map<Long, Marks> marks = new HashMap<>();
    private final Map<Long, Long> users = new HashMap<>();

    World with(long pid, long parent, Marks has) {
      return with(pid, parent, has, 'S');
    }

    World with(long pid, long parent, Marks has, char state) {
      all.add(new Entry(pid, "p" + pid, state, parent, pid, pid, 1, 7 * pid));
      marks.put(pid, has);
      return this;
    }

    World ownedBy(long user, long pid) {
      users.put(pid, user);
      return this;
    }

    List<String> decide(Predicate<Entry> keep) {
      return Leftovers.decide(
              all,
              SELF,
              US,
              each -> marks.getOrDefault(each.pid(), NONE),
              each -> users.getOrDefault(each.pid(), US),
              keep)
          .stream()
          .map(it -> it.pid() + " " + it.signs().stream().sorted().toList() + " " + it.standing())
          .toList();
    }

    List<String> decide() {
      return decide(_ -> false);
    }
  }

  private static World world() {
    return new World().with(1, 0, NONE).with(50, 1, NONE).with(SELF, 50, NONE);
  }

  private static String line(long pid, Set<Leftovers.Sign> signs, Leftovers.Standing standing) {
    return pid + " " + signs.stream().sorted().toList() + " " + standing;
  }

  @Test
  void theMarkedAndWhatHangsFromThemAreLeftOver() {
    var found =
        world()
            .with(10, 1, BOTH)
            .with(11, 10, NONE)
            .with(12, 11, NONE)
            .with(13, 1, LIMITED)
            .with(14, 1, NONE)
            .decide();
    assertThat(found)
        .containsExactly(
            line(10, Set.of(LIMIT, VARIABLE), OURS),
            line(13, Set.of(LIMIT), OURS),
            line(11, Set.of(DESCENDANT), OURS),
            line(12, Set.of(DESCENDANT), OURS));
  }

  @Test
  void zombiesAndThisProcessAndItsChildrenNeverAre() {
    var found =
        new World()
            .with(1, 0, NONE)
            .with(10, 1, BOTH, 'Z')
            .with(SELF, 1, BOTH)
            .with(101, SELF, BOTH)
            .with(102, 101, NONE)
            .decide();
    assertThat(found).isEmpty();
  }

  @Test
  void whatIsOfAnotherContainmentIsForThatOneToEnd() {
    // An Earshot within the tree has the mark of the tree; what it started has its own.
    var found =
        world().with(10, 1, BOTH).with(11, 10, FOREIGN).with(12, 11, NONE).with(13, 1, FOREIGN);
    assertThat(found.decide()).containsExactly(line(10, Set.of(LIMIT, VARIABLE), OURS));
  }

  @Test
  void whatMayLiveOnIsKeptWithAllThatHangsFromIt() {
    var found =
        world()
            .with(10, 1, BOTH)
            .with(11, 10, BOTH)
            .with(12, 11, NONE)
            .decide(each -> each.pid() == 11);
    assertThat(found)
        .containsExactly(
            line(10, Set.of(LIMIT, VARIABLE), OURS),
            line(11, Set.of(LIMIT, VARIABLE), KEPT),
            line(12, Set.of(DESCENDANT), KEPT));
  }

  @Test
  void thoseOfAnotherUserAndThoseThisProcessHangsFromAreOnlyNamed() {
    var found =
        new World()
            .with(1, 0, NONE)
            .with(10, 1, LIMITED)
            .ownedBy(0, 10)
            .with(20, 1, BOTH)
            .with(21, 20, NONE)
            .with(SELF, 21, NONE)
            .decide();
    assertThat(found)
        .containsExactly(
            line(10, Set.of(LIMIT), OTHER_USER),
            line(20, Set.of(LIMIT, VARIABLE), RUNS_US),
            line(21, Set.of(DESCENDANT), RUNS_US));
  }

  /** Prints its pid, and lives for 15 s at most. */
  private static String start(String prefix) {
    return prefix + " sh -c 'echo $$; exec sleep 15' & ";
  }

  @Test
  void realOnesAreFoundByEitherMarkAndEndedAndNobodyElseIs() throws Exception {
    String mark = Leftovers.digits("dead");
    String limit = "prlimit --locks=" + mark + "00001:unlimited -- ";
    String script =
        start(limit + "env -i")
            + "read _; "
            + start(NO_LIMIT + "env EARSHOT_MARK=" + mark + "00002")
            + "read _; "
            // Loses both, and hangs from one that has them.
            + limit
            + "sh -c 'prlimit --locks=unlimited -- env -i sh -c \"echo \\$\\$; sleep 15; :\" &"
            + " wait; :' & read _; "
            + start("prlimit --locks=" + Leftovers.digits("other") + "00001:unlimited --")
            + "read _; "
            + start(NO_LIMIT + "env EARSHOT_MARK=" + Leftovers.digits("other") + "00001")
            + "read _; "
            + start(NO_LIMIT + "env -i")
            + "read _; "
            + Shell.java(LeftoversMain.class)
            + " dead; read _";
    try (var run = Run.of(Run.sh(script), Run.policy(Run.NOW))) {
      long limited = next(run);
      long variable = next(run);
      long descendant = next(run);
      List<Long> others = List.of(next(run), next(run), next(run));
      Map<String, List<String>> said = report(run);
      assertThat(said.get("found"))
          .contains(
              limited + " [LIMIT] OURS",
              variable + " [VARIABLE] OURS",
              descendant + " [DESCENDANT] OURS");
      assertThat(said.get("killed")).containsExactlyInAnyOrderElementsOf(said.get("found"));
      assertThat(said).doesNotContainKey("left");
      assertThat(List.of(limited, variable, descendant)).noneMatch(LeftoversTest::lives);
      assertThat(others).allMatch(LeftoversTest::lives);
    }
  }

  @Test
  void realOnesThatMayLiveOnDo() throws Exception {
    String limit = "prlimit --locks=" + Leftovers.digits("kept") + "00001:unlimited -- ";
    String script =
        limit
            + "sh -c 'echo $$; exec sleep 14' & read _; "
            + start(limit)
            + "read _; "
            + Shell.java(LeftoversMain.class)
            + " kept '*sleep 14'; read _";
    try (var run = Run.of(Run.sh(script), Run.policy(Run.NOW))) {
      long kept = next(run);
      long other = next(run);
      Map<String, List<String>> said = report(run);
      assertThat(said.get("killed")).containsExactly(other + " [LIMIT] OURS");
      assertThat(said.get("left")).containsExactly(kept + " [LIMIT] KEPT");
      assertThat(lives(kept)).isTrue();
      assertThat(lives(other)).isFalse();
    }
  }

  /** The pid that the script's next process prints; then the script goes on. */
  private static long next(Run run) throws Exception {
    long pid = Long.parseLong(run.line());
    run.controller().stdin().orElseThrow().write('\n');
    return pid;
  }

  /** What {@link LeftoversMain} prints, by the first word of each line. */
  private static Map<String, List<String>> report(Run run) throws Exception {
    Map<String, List<String>> said = new HashMap<>();
    for (String line = run.line(); !line.equals("end"); line = run.line()) {
      assertThat(line).isNotEmpty();
      int space = line.indexOf(' ');
      said.computeIfAbsent(line.substring(0, space), _ -> new ArrayList<>())
          .add(line.substring(space + 1));
    }
    return said;
  }

  private static boolean lives(long pid) {
    return ProcessTable.of(pid).filter(Entry::isAlive).isPresent();
  }

  @Test
  void oneThatHasTheNumberOfAnotherGetsNoSignal() throws Exception {
    try (var run = Run.ready(Run.OBEDIENT, Run.NOW)) {
      Identity now = ProcessTable.of(run.pid()).orElseThrow().identity();
      Identity before = new Identity(now.pid(), now.start() - 1);
      assertThat(ExactSignal.send(before, Signal.KILL, _ -> true)).isFalse();
      assertThat(ExactSignal.send(now, Signal.KILL, _ -> false)).isFalse();
      run.controller().stdin().orElseThrow().write('\n');
      assertThat(run.await().exitCode()).hasValue(3);
      assertThat(ExactSignal.send(now, Signal.KILL, _ -> true)).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/tmp", "", "relative", "/sys/fs/cgroup", "/sys/fs/../fs/cgroup"})
  void aGroupOfAnotherNameIsNotOurs(String path) {
    var leftovers = Leftovers.of("dead", List.of());
    assertThat(leftovers.hasGroup(path)).isFalse();
    if (!path.equals("relative")) {
      assertThat(leftovers.removeGroup(path)).isEqualTo(Leftovers.GroupEnd.NOT_OURS);
    }
    assertThat(leftovers.removeGroup("/no/such/group")).isEqualTo(Leftovers.GroupEnd.GONE);
    assertThat(leftovers.removeGroup("a\0b")).isEqualTo(Leftovers.GroupEnd.NOT_OURS);
  }

  /** Where no group can be made there is none to remove. */
  @Test
  void aGroupThatIsLeftIsRemovedAndOneInUseIsNot() throws Exception {
    try (var containment = Containment.open(Containment.Plan.of("grouped"));
        var run = Run.of(containment, Run.sh(Run.OBEDIENT), Run.policy(Run.NEVER))) {
      run.line();
      for (Path group : containment.group().stream().toList()) {
        var leftovers = Leftovers.of("grouped", List.of());
        assertThat(leftovers.hasGroup(group.toString())).isTrue();
        assertThat(Leftovers.of("other", List.of()).removeGroup(group.toString()))
            .isEqualTo(Leftovers.GroupEnd.NOT_OURS);
        assertThat(leftovers.removeGroup(group.toString())).isEqualTo(Leftovers.GroupEnd.BUSY);
        run.controller().stdin().orElseThrow().write('\n');
        run.await();
        assertThat(leftovers.removeGroup(group.toString())).isEqualTo(Leftovers.GroupEnd.GONE);
        assertThat(group).doesNotExist();
      }
      assertThat(containment.digits()).isEqualTo(Leftovers.digits("grouped"));
    }
  }

  @Test
  void numbersMeanTheSameOnOneMachineInOneBootAndNamespace() {
    var here = new Machine("m", "b", "1");
    assertThat(here.sharesNumbers(new Machine("m", "b", "1"))).isTrue();
    assertThat(here.sharesNumbers(new Machine("m", "b", "2"))).isFalse();
    assertThat(here.sharesNumbers(new Machine("m", "c", "1"))).isFalse();
    assertThat(here.sharesNumbers(new Machine("n", "b", "1"))).isFalse();
    assertThat(here.isOtherBoot(new Machine("m", "c", "1"))).isTrue();
    assertThat(here.isOtherBoot(new Machine("m", Machine.UNKNOWN, "1"))).isFalse();
    var unknown = new Machine(Machine.UNKNOWN, Machine.UNKNOWN, Machine.UNKNOWN);
    assertThat(unknown.isSame(unknown)).isFalse();
    assertThat(unknown.sharesNumbers(unknown)).isFalse();
    assertThat(unknown.isOtherBoot(here)).isFalse();
    assertThat(Machine.here().sharesNumbers(Machine.here())).isTrue();
    assertThat(Machine.startOf(ProcessHandle.current().pid())).isPresent();
    assertThat(Machine.startOf(0)).isEmpty();
    assertThat(Machine.libraryOfC()).hasValueSatisfying(it -> assertThat(it).startsWith("glibc"));
  }
}
