package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.process.ForegroundRules.OnStop;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The small decisions, as tables. */
class RulesTest {
  private static final int X86_64 = 62;

  @Test
  void signalsHaveNamesAndNumbers() {
    assertThat(Signal.parse("TERM")).contains(Signal.TERM);
    assertThat(Signal.parse("sigterm")).contains(Signal.TERM);
    assertThat(Signal.parse("15")).contains(Signal.TERM);
    for (String wrong : List.of("", "SIG", "TERMX", "0", "32", "-1", "9999", "+15", "1e1")) {
      assertThat(Signal.parse(wrong)).as(wrong).isEmpty();
    }
    assertThat(Arrays.stream(Signal.values()).map(Signal::number))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, 31).boxed().toList());
    for (Signal signal : Signal.values()) {
      assertThat(Signal.ofNumber(signal.number())).contains(signal);
    }
    assertThat(Signal.nameOf(11)).isEqualTo("SEGV");
    assertThat(Signal.nameOf(35)).isEqualTo("35");
  }

  @Test
  void thePathIsSearchedAsExecvpDoes() {
    assertThat(CommandPath.candidates("x", Optional.of("/a:/b"))).containsExactly("/a/x", "/b/x");
    assertThat(CommandPath.candidates("x", Optional.of(":/b:")))
        .containsExactly("./x", "/b/x", "./x");
    assertThat(CommandPath.candidates("x", Optional.of(""))).containsExactly("./x");
    assertThat(CommandPath.candidates("x", Optional.empty()))
        .containsExactly("/bin/x", "/usr/bin/x");
    assertThat(CommandPath.candidates("d/x", Optional.of("/a"))).containsExactly("d/x");
    assertThat(CommandPath.candidates("", Optional.of("/a"))).containsExactly("");
  }

  @Test
  void theTerminalGoesToTheCommandOnlyFromTheForegroundAndNotFromOthers() {
    record Row(long foreground, Set<Long> others, boolean outputIsTerminal, boolean handOver) {}
    var ancestors = Set.of(1L, 50L, 60L);
    var table =
        List.of(
            // earshot run -- cmd, alone in a job
            new Row(7, Set.of(), true, true),
            new Row(7, Set.of(), false, true),
            // the same below a script, which waits
            new Row(7, Set.of(60L), true, true),
            new Row(7, Set.of(60L, 50L), false, true),
            // producer | earshot run -- cmd
            new Row(7, Set.of(90L), true, true),
            // earshot run -- cmd | less
            new Row(7, Set.of(90L), false, false),
            new Row(7, Set.of(60L, 90L), false, false),
            // in the background
            new Row(8, Set.of(), true, false),
            new Row(8, Set.of(90L), true, false));
    for (Row row : table) {
      assertThat(
              ForegroundRules.handOverAtStart(
                  row.foreground(), 7, row.others(), ancestors, row.outputIsTerminal()))
          .as("%s", row)
          .isEqualTo(row.handOver());
    }
  }

  @Test
  void aStoppedLeaderStopsUsWithItOrGetsTheTerminal() {
    int tstp = Signal.TSTP.number();
    int ttin = Signal.TTIN.number();
    int ttou = Signal.TTOU.number();
    assertThat(ForegroundRules.onStop(tstp, true, false)).isEqualTo(OnStop.STOP_TOO);
    assertThat(ForegroundRules.onStop(Signal.STOP.number(), true, false))
        .isEqualTo(OnStop.STOP_TOO);
    assertThat(ForegroundRules.onStop(tstp, false, true)).isEqualTo(OnStop.LEAVE);
    assertThat(ForegroundRules.onStop(tstp, false, false)).isEqualTo(OnStop.LEAVE);
    assertThat(ForegroundRules.onStop(ttin, false, true)).isEqualTo(OnStop.HAND_OVER);
    assertThat(ForegroundRules.onStop(ttou, false, true)).isEqualTo(OnStop.HAND_OVER);
    assertThat(ForegroundRules.onStop(ttin, false, false)).isEqualTo(OnStop.STOP_TOO);
  }

  @Test
  void aLineOfTheProcessTableIsReadWhateverTheName() {
    var rest = " S 2 3 4 0 -1 4194304 1 0 0 0 5 6 0 0 20 0 9 0 1234 5678 9";
    var plain = ProcessTable.parse("42 (sh)" + rest).orElseThrow();
    assertThat(plain).isEqualTo(new ProcessTable.Entry(42, "sh", 'S', 2, 3, 4, 9, 1234));
    assertThat(ProcessTable.parse("42 (a) R (b)" + rest).orElseThrow().name()).isEqualTo("a) R (b");
    assertThat(ProcessTable.parse("42 ()" + rest).orElseThrow().name()).isEmpty();
    var whole = "42 (sh)" + rest;
    for (int end = 0; end < whole.indexOf(" 1234"); end++) {
      var prefix = whole.substring(0, end);
      assertThat(ProcessTable.parse(prefix).map(ProcessTable.Entry::threads))
          .as(prefix)
          .isNotEqualTo(Optional.of(9));
    }
  }

  @Test
  void aZombieLivesAsLongAsOneOfItsThreads() {
    assertThat(entry(1, 'Z', 0, 1, 1, 1).isAlive()).isFalse();
    assertThat(entry(1, 'Z', 0, 1, 1, 2).isAlive()).isTrue();
    assertThat(entry(1, 'X', 0, 1, 1, 1).isAlive()).isFalse();
    assertThat(entry(1, 'T', 0, 1, 1, 1).isAlive()).isTrue();
  }

  @Test
  void aGroupIsOrphanedIfNoParentOfItsSessionIsOutside() {
    var shell = entry(10, 'S', 1, 10, 10, 1);
    var job = entry(20, 'S', 10, 20, 10, 1);
    var child = entry(21, 'S', 20, 20, 10, 1);
    assertThat(ProcessTable.isOrphaned(List.of(shell, job, child), 20)).isFalse();
    var adopted = entry(20, 'S', 1, 20, 10, 1);
    var init = entry(1, 'S', 0, 1, 1, 1);
    assertThat(ProcessTable.isOrphaned(List.of(init, shell, adopted, child), 20)).isTrue();
    assertThat(ProcessTable.ancestors(List.of(init, shell, job, child), 21))
        .containsExactlyInAnyOrder(20L, 10L, 1L, 0L);
  }

  @Test
  void hintsSayWhatToDo() {
    var file = new ExecHints.File(false, true, true, "\u007fELF");
    assertThat(hint(Errno.EACCES, Optional.of(file))).contains("noexec");
    assertThat(hint(Errno.EACCES, Optional.empty())).contains("may not be entered");
    assertThat(hint(Errno.EAGAIN, Optional.empty())).contains("ulimit -u");
    assertThat(hint(Errno.EMFILE, Optional.empty())).contains("ulimit -n");
    assertThat(hint(77, Optional.empty())).contains("errno 77");
  }

  @Test
  void noHeadOfAFileBreaksAHint() {
    var random = new java.util.Random(7);
    for (int i = 0; i < 20_000; i++) {
      var head = new StringBuilder(random.nextBoolean() ? "\u007fELF" : "#!");
      int length = random.nextInt(200);
      for (int at = 0; at < length; at++) {
        head.append((char) (random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(3)));
      }
      var file = new ExecHints.File(false, true, false, head.toString());
      for (int errno : new int[] {Errno.ENOENT, Errno.EACCES, Errno.ENOEXEC}) {
        assertThat(hint(errno, Optional.of(file))).isNotEmpty();
      }
    }
  }

  @Test
  void onlyKnownSystemsHaveNumbers() {
    assertThat(Platform.of("Linux", "amd64").waitidCall()).isEqualTo(247);
    assertThat(Platform.of("Linux", "aarch64").waitidCall()).isEqualTo(95);
    assertThatThrownBy(() -> Platform.of("Mac OS X", "aarch64"))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("Mac OS X");
    assertThatThrownBy(() -> Platform.of("Linux", "s390x"))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("s390x");
  }

  @Test
  void valuesRefuseNonsense() {
    assertThatThrownBy(CommandSpec::of).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new LaunchState(0, 0, new TreeSet<>(Set.of(2))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> StopPolicy.standard().withGrace(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> StopPolicy.standard().withGrace(Duration.ofSeconds(Long.MAX_VALUE)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> OwnSignals.ignore(Signal.SEGV))
        .isInstanceOf(IllegalArgumentException.class);
    var spec = CommandSpec.of("x").withEnvironment(Map.of("A", "b"));
    assertThat(spec.environment()).isEqualTo(Map.of("A", "b"));
    assertThat(StopPolicy.standard().grace()).isEqualTo(Duration.ofSeconds(5));
    assertThat(ExitReason.FORCED_KILL.wireName()).isEqualTo("forced_kill");
    assertThat(StartStage.CWD.wireName()).isEqualTo("cwd");
    assertThat(ProcessEvent.Why.LEFTOVER.wireName()).isEqualTo("leftover");
    assertThat(ProcessEvent.Target.GROUP.wireName()).isEqualTo("group");
  }

  @Test
  void theTerminalIsTakenBackFromTheCommandButNotFromAShell() {
    long ours = 10;
    Set<Long> above = Set.of(1L, 5L);
    assertThat(ForegroundRules.isBelowUs(20, ours, above)).isTrue();
    assertThat(ForegroundRules.isBelowUs(ours, ours, above)).isFalse();
    assertThat(ForegroundRules.isBelowUs(5, ours, above)).isFalse();
  }

  @Test
  void aWaitingStopAndAWaitingContinuationCancelEachOther() {
    var inbox = new Inbox(() -> {});
    inbox.forward(Signal.TSTP);
    inbox.forward(Signal.USR1);
    inbox.forward(Signal.CONT);
    assertThat(inbox.next()).hasValue(new Inbox.Message.Forward(Signal.USR1));
    assertThat(inbox.next()).hasValue(new Inbox.Message.Forward(Signal.CONT));
    assertThat(inbox.next()).isEmpty();
    inbox.forward(Signal.CONT);
    inbox.forward(Signal.TSTP);
    assertThat(inbox.next()).hasValue(new Inbox.Message.Forward(Signal.TSTP));
    assertThat(inbox.next()).isEmpty();
  }

  @Test
  void theContinuationThatIsExpectedIsDroppedOnceAndCancelsNothing() {
    var inbox = new Inbox(() -> {});
    inbox.expectCont(true);
    inbox.forward(Signal.TSTP);
    inbox.forward(Signal.CONT);
    assertThat(inbox.next()).hasValue(new Inbox.Message.Forward(Signal.TSTP));
    assertThat(inbox.next()).isEmpty();
    inbox.forward(Signal.CONT);
    assertThat(inbox.next()).hasValue(new Inbox.Message.Forward(Signal.CONT));
  }

  private static String hint(int errno, Optional<ExecHints.File> file) {
    return ExecHints.hint(errno, "/x", file, X86_64);
  }

  private static ProcessTable.Entry entry(
      long pid, char state, long parent, long group, long session, int threads) {
    return new ProcessTable.Entry(pid, "p", state, parent, group, session, threads, pid);
  }
}
