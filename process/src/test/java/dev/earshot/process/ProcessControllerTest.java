package dev.earshot.process;

import static dev.earshot.process.Run.NEVER;
import static dev.earshot.process.Run.NOW;
import static dev.earshot.process.Run.OBEDIENT;
import static dev.earshot.process.Run.STUBBORN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.testkit.Eventually;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessControllerTest {

  @Test
  void anEndByItselfIsNaturalWithItsCode() throws Exception {
    for (int code : new int[] {0, 3, 137, 139, 143, 255}) {
      try (var run = Run.of(Run.sh("exit " + code), Run.policy(NEVER))) {
        var result = run.await();
        assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
        assertThat(result.exitCode()).hasValue(code);
        assertThat(result.signal()).isEmpty();
        assertThat(result.requested()).isFalse();
      }
    }
  }

  @Test
  void aDeathBySomeoneElsesSignalIsNotAnExitCode() throws Exception {
    for (Signal signal : List.of(Signal.SEGV, Signal.KILL, Signal.TERM)) {
      var script = "ulimit -c 0; kill -" + signal + " $$";
      try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
        var result = run.await();
        assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
        assertThat(result.signal()).hasValue(signal.number());
        assertThat(result.exitCode()).isEmpty();
        assertThat(result.requested()).isFalse();
      }
    }
  }

  @Test
  void aCoreDumpIsTold(@TempDir Path dir) throws Exception {
    // Where the hard limit forbids cores, there is none to tell.
    var script = "ulimit -c unlimited 2>/dev/null; ulimit -c; kill -SEGV $$";
    var spec = Run.sh(script).withDirectory(dir.toString());
    try (var run = Run.of(spec, Run.policy(NEVER))) {
      boolean possible = !run.line().equals("0");
      var result = run.await();
      assertThat(result.signal()).hasValue(Signal.SEGV.number());
      assertThat(result.coreDumped()).isEqualTo(possible);
    }
  }

  @Test
  void eventsComeInOrderAndOnce() throws Exception {
    try (var run = Run.of(Run.sh("exit 0"), Run.policy(NEVER))) {
      var result = run.await();
      long pid = result.pid().orElseThrow();
      assertThat(run.events())
          .containsExactly(
              new ProcessEvent.Starting(List.of("/bin/sh", "-c", "exit 0")),
              new ProcessEvent.Started(pid, pid),
              new ProcessEvent.Exited(result),
              new ProcessEvent.TreeGone(List.of(), List.of(), List.of()));
    }
  }

  @Test
  void timesAndMemoryAreTold() throws Exception {
    var script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
    try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
      var result = run.await();
      assertThat(result.userTime()).isPositive().isLessThanOrEqualTo(Duration.ofSeconds(60));
      assertThat(result.duration()).isPositive();
      assertThat(result.endedAt()).isAfterOrEqualTo(result.startedAt());
    }
  }

  @Test
  void aChildThatDiesOfTheStopSignalWasStopped() throws Exception {
    try (var run = Run.ready(OBEDIENT, NEVER)) {
      run.controller().stop();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
      assertThat(result.signal()).hasValue(Signal.TERM.number());
      assertThat(result.exitCode()).isEmpty();
      assertThat(result.requested()).isTrue();
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.STOP);
      assertThat(result.killed()).isEmpty();
    }
  }

  @Test
  void aChildThatHandlesTheStopSignalKeepsItsCode() throws Exception {
    try (var run = Run.ready("trap 'exit 7' TERM; " + OBEDIENT, NEVER)) {
      run.controller().stop();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
      assertThat(result.signal()).hasValue(Signal.TERM.number());
      assertThat(result.exitCode()).hasValue(7);
      assertThat(result.requested()).isTrue();
    }
  }

  @Test
  void aStubbornChildIsKilledWhenTheGraceIsOver() throws Exception {
    try (var run = Run.ready(STUBBORN, NOW)) {
      run.controller().stop();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertThat(result.signal()).hasValue(Signal.KILL.number());
      assertThat(result.requested()).isTrue();
      assertThat(result.killed()).contains(result.pid().orElseThrow());
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.STOP, ProcessEvent.Why.ESCALATION);
    }
  }

  @Test
  void theGraceIsKept() throws Exception {
    var grace = Duration.ofMillis(300);
    try (var run = Run.ready(STUBBORN, grace)) {
      long before = System.nanoTime();
      run.controller().stop();
      var result = run.await();
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(grace);
      assertThat(result.reason()).isEqualTo(ExitReason.FORCED_KILL);
    }
  }

  @Test
  void killNowDoesNotWaitForTheGrace() throws Exception {
    try (var run = Run.ready(STUBBORN, NEVER)) {
      run.controller().stop();
      run.controller().killNow();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.FORCED_KILL);
    }
  }

  @Test
  void killAsTheStopSignalIsForced() throws Exception {
    var policy = Run.policy(NEVER).withStopSignal(Signal.KILL);
    try (var run = Run.of(Run.sh(OBEDIENT), policy)) {
      run.line();
      run.controller().stop();
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.FORCED_KILL);
      assertThat(result.requested()).isTrue();
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.ESCALATION);
    }
  }

  @Test
  void aStoppedChildIsContinuedSoThatItSeesTheStopSignal() throws Exception {
    try (var run = Run.ready("trap 'exit 7' TERM; " + OBEDIENT, NEVER)) {
      long pid = run.pid();
      run.controller().signal(Signal.STOP);
      Eventually.until("stopped", () -> ProcessTable.of(pid).orElseThrow().state() == 'T');
      run.controller().stop();
      assertThat(run.await().exitCode()).hasValue(7);
    }
  }

  @Test
  void aForwardedSignalIsNotAStop() throws Exception {
    try (var run = Run.ready("trap 'exit 9' USR1; " + OBEDIENT, NEVER)) {
      run.controller().signal(Signal.USR1);
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.exitCode()).hasValue(9);
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.FORWARDED);
    }
  }

  @Test
  void signalsThatComeWhileTheOwnerIsBusyAreAllSent() throws Exception {
    var busy = new CountDownLatch(1);
    var free = new CountDownLatch(1);
    var script = "trap ':' USR1; trap 'exit 8' USR2; echo ready; while :; do read _; done";
    try (var controller =
        ProcessController.start(
            Run.sh(script),
            Run.policy(NEVER),
            event -> {
              if (event instanceof ProcessEvent.Signaled(Signal signal, var _, var _)
                  && signal == Signal.WINCH) {
                busy.countDown();
                awaitUninterrupted(free);
              }
            })) {
      assertThat(controller.stdout().orElseThrow().read()).isEqualTo('r');
      controller.signal(Signal.WINCH);
      busy.await();
      controller.signal(Signal.USR1);
      controller.signal(Signal.USR2);
      free.countDown();
      assertThat(controller.await().exitCode()).hasValue(8);
    }
  }

  @Test
  void whatTheLeaderLeavesBehindIsAskedAndWaitedFor() throws Exception {
    var member = "trap 'echo bye; exit' TERM; echo ready; sleep 1000 & wait";
    var script = "sh -c \"" + member + "\" & read _; exit 6";
    try (var run = Run.ready(script, NEVER)) {
      run.controller().stdin().orElseThrow().write('\n');
      var result = run.await();
      assertThat(run.line()).isEqualTo("bye");
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.exitCode()).hasValue(6);
      assertThat(result.killed()).isEmpty();
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.LEFTOVER);
      assertThat(Run.livingInGroup(run.pid())).isEmpty();
    }
  }

  @Test
  void aLeaderThatEndsDoesNotCallOffTheKillOfItsGroup() throws Exception {
    var member = "sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' &";
    try (var run = Run.of(Run.sh(member + " read _; exit 5"), Run.policy(NOW))) {
      long left = Long.parseLong(run.line());
      Libc.kill(run.pid(), Signal.KILL.number());
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.SIGNAL);
      assertThat(result.requested()).isFalse();
      assertThat(result.killed()).contains(left);
      assertThat(ProcessTable.of(left).filter(ProcessTable.Entry::isAlive)).isEmpty();
      assertThat(run.whys())
          .containsExactly(ProcessEvent.Why.LEFTOVER, ProcessEvent.Why.ESCALATION);
      var kinds = run.events().stream().map(e -> e.getClass().getSimpleName()).toList();
      assertThat(kinds)
          .containsExactly("Starting", "Started", "Exited", "Signaled", "Signaled", "TreeGone");
    }
  }

  @Test
  void aBackgroundChildThatHoldsTheOutputDoesNotHoldTheEnd() throws Exception {
    try (var run = Run.of(Run.sh("sleep 1000 & exit 4"), Run.policy(NEVER))) {
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.exitCode()).hasValue(4);
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.LEFTOVER);
      assertThat(run.line()).isEmpty();
    }
  }

  @Test
  void aBurstOfMembersIsGone() throws Exception {
    var script =
        "trap '' TERM; i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done;"
            + " echo ready; read _";
    try (var run = Run.ready(script, NOW)) {
      run.controller().stop();
      var result = run.await();
      assertThat(result.survivors()).isEmpty();
      assertThat(Run.livingInGroup(result.pid().orElseThrow())).isEmpty();
    }
  }

  @Test
  void theStopSignalSaysWhatTheFirstStopWasFor() throws Exception {
    try (var run = Run.ready(OBEDIENT, NEVER)) {
      run.controller().stop(ProcessEvent.Why.RESTART);
      run.controller().stop();
      assertThat(run.await().requested()).isTrue();
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.RESTART);
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {"STOP", "RESTART"},
      mode = EnumSource.Mode.EXCLUDE)
  void whatIsNoReasonToStopIsRefused(ProcessEvent.Why why) throws Exception {
    try (var run = Run.ready(OBEDIENT, NEVER)) {
      assertThatThrownBy(() -> run.controller().stop(why))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(why.name());
      assertThat(run.whys()).isEmpty();
    }
  }

  @Test
  void aStopWhileTheStartIsToldStopsIt() throws Exception {
    var self = new AtomicReference<ProcessController>();
    var known = new CountDownLatch(1);
    var controller =
        ProcessController.start(
            Run.sh(OBEDIENT),
            Run.policy(NEVER),
            event -> {
              if (event instanceof ProcessEvent.Started) {
                awaitUninterrupted(known);
                self.get().stop();
              }
            });
    self.set(controller);
    known.countDown();
    try (controller) {
      assertThat(controller.await().requested()).isTrue();
    }
  }

  @Test
  void thirtyTwoThreadsStopAndAwait() throws Exception {
    try (var run = Run.ready(OBEDIENT, NEVER)) {
      List<Thread> threads = new ArrayList<>();
      List<ProcessResult> results = java.util.Collections.synchronizedList(new ArrayList<>());
      for (int i = 0; i < 32; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  run.controller().stop();
                  try {
                    results.add(run.await());
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(results).hasSize(32).containsOnly(run.await());
      assertThat(run.whys()).containsExactly(ProcessEvent.Why.STOP);
    }
  }

  @Test
  void anInterruptEndsTheWaitingNotTheCommand() throws Exception {
    try (var run = Run.ready(OBEDIENT, NEVER)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(run::await).isInstanceOf(InterruptedException.class);
      assertThat(run.controller().await(Duration.ofMillis(1))).isEmpty();
      assertThat(run.controller().result()).isEmpty();
      run.controller().stdin().orElseThrow().close();
      assertThat(run.await().exitCode()).hasValue(3);
      assertThat(run.controller().result()).isEqualTo(Optional.of(run.await()));
    }
  }

  @Test
  void aStatusThatSomeoneElseTookIsAnError() throws Exception {
    // The listener is called before anyone waits for the child: its own wait is the first.
    var platform = Platform.current();
    try (var controller =
        ProcessController.start(
            Run.sh("exit 3"),
            Run.policy(NEVER),
            event -> {
              if (event instanceof ProcessEvent.Started(long pid, long _)) {
                Libc.waitFor(platform, pid, Platform.WAIT_EXITED);
              }
            })) {
      var result = controller.await();
      assertThat(result.reason()).isEqualTo(ExitReason.RUNTIME_ERROR);
      assertThat(result.error().orElseThrow()).contains("taken");
      assertThat(result.exitCode()).isEqualTo(OptionalInt.empty());
    }
  }

  @Test
  void aTreeWhoseStatusSomeoneElseTookIsEndedAllTheSame() throws Exception {
    var platform = Platform.current();
    var stolen = new CountDownLatch(1);
    var script = "trap '' TERM; sleep 15 & setsid sleep 15 & echo ready; exit 3";
    try (var containment = Containment.open(Containment.Plan.of("stolen"));
        var oracle = Oracle.open();
        var run =
            Run.of(
                ProcessController.start(
                    containment,
                    oracle.inheritedBy(Run.sh(script)),
                    Run.policy(NOW),
                    event -> {
                      if (event instanceof ProcessEvent.Started(long pid, long _)) {
                        Libc.waitFor(platform, pid, Platform.WAIT_EXITED);
                        stolen.countDown();
                      }
                    }))) {
      stolen.await();
      assertThat(containment.layers()).contains(Containment.Layer.GUARDIAN);
      var result = run.await();
      assertThat(result.reason()).isEqualTo(ExitReason.RUNTIME_ERROR);
      assertThat(result.survivors()).isEmpty();
      oracle.awaitNobody();
    }
  }

  @Test
  void aPeakOfMemoryAboveOurOwnIsTold() throws Exception {
    long ourKib = ProcessTable.ownPeakKib().orElseThrow();
    var script = "head -c %dK /dev/zero | tail -n 1 >/dev/null".formatted(2 * ourKib);
    try (var run = Run.of(Run.sh(script), Run.policy(NEVER))) {
      assertThat(run.await().maxRssKib().orElseThrow()).isBetween(2 * ourKib, 5 * ourKib);
    }
    try (var run = Run.of(Run.sh("exit 0"), Run.policy(NEVER))) {
      assertThat(run.await().maxRssKib()).isEmpty();
    }
  }

  @Test
  void aLeaderThatMovedToAnotherGroupIsStoppedAllTheSame() throws Exception {
    var script =
        """
        import os, sys
        os.setpgid(0, os.getpgid(os.getppid()))
        print('ready', flush=True)
        sys.stdin.read()
        """;
    try (var run = Run.of(CommandSpec.of("python3", "-c", script), Run.policy(NEVER))) {
      assertThat(run.line()).as("is the package python3 there?").isEqualTo("ready");
      run.controller().stop();
      var result = run.await();
      assertThat(result.signal()).hasValue(Signal.TERM.number());
      assertThat(result.requested()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLeaderThatKillDoesNotEndIsGivenUpAndNamedAndReapedLater(boolean traced) throws Exception {
    var policy = new StopPolicy(Signal.KILL, NOW, Duration.ofMillis(50));
    try (var run = Run.of(CommandSpec.of("python3", "-c", Held.SCRIPT), policy)) {
      assertThat(run.line()).as("is the package python3 there?").isNotEmpty();
      long pid = run.pid();
      try (var _ = traced ? Held.Traced.seize(pid) : Held.freezing(pid)) {
        run.controller().stop();
        var result = run.await();
        assertThat(result.reason()).isEqualTo(ExitReason.RUNTIME_ERROR);
        assertThat(result.requested()).isTrue();
        assertThat(result.killed()).containsExactly(pid);
        assertThat(result.survivors()).extracting(Survivor::pid).containsExactly(pid);
        assertThat(result.survivors().getFirst().name()).startsWith("python");
      }
      Eventually.until("reaped", () -> ProcessTable.of(pid).isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aMemberThatKillDoesNotEndIsNamedAndReapedLater(boolean traced) throws Exception {
    var policy = new StopPolicy(Signal.TERM, NOW, Duration.ofMillis(50));
    var script = "(setsid python3 -c \"$1\" &); read -r _";
    var spec = CommandSpec.of("/bin/sh", "-c", script, "sh", Held.SCRIPT);
    try (var containment = Containment.open(Containment.Plan.of("held"));
        var run = Run.of(containment, spec, policy)) {
      String line = run.line();
      assertThat(line).as("is the package python3 there?").isNotEmpty();
      long pid = Long.parseLong(line);
      try (var _ = traced ? Held.Traced.seize(pid) : Held.freezing(pid)) {
        run.controller().stdin().orElseThrow().write('\n');
        var result = run.await();
        assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
        assertThat(result.killed()).containsExactly(pid);
        assertThat(result.survivors()).extracting(Survivor::pid).containsExactly(pid);
      }
      Eventually.until("reaped", () -> ProcessTable.of(pid).isEmpty());
    }
  }

  @Test
  void aFailingListenerIsToldAndChangesNothing() throws Exception {
    try (var controller =
        ProcessController.start(
            Run.sh("exit 3"),
            Run.policy(NEVER),
            _ -> {
              throw new IllegalStateException("listener");
            })) {
      var result = controller.await();
      assertThat(result.reason()).isEqualTo(ExitReason.NATURAL);
      assertThat(result.exitCode()).hasValue(3);
      assertThat(result.error().orElseThrow()).contains("listener");
    }
  }

  @Test
  void inputAndOutputArePassedExactly() throws Exception {
    try (var run = Run.of(CommandSpec.of("cat"), Run.policy(NEVER))) {
      byte[] sent = "a\nb\0\u00e4\n".repeat(50_000).getBytes(StandardCharsets.UTF_8);
      var feeding =
          Thread.ofPlatform()
              .start(() -> {
                try (var in = run.controller().stdin().orElseThrow()) {
                  in.write(sent);
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      assertThat(run.controller().stdout().orElseThrow().readAllBytes()).isEqualTo(sent);
      feeding.join();
      assertThat(run.await().exitCode()).hasValue(0);
    }
  }

  @Test
  void outputStaysReadableAfterTheEnd() throws Exception {
    try (var run = Run.of(Run.sh("echo one; echo two >&2"), Run.policy(NEVER))) {
      run.await();
      assertThat(run.line()).isEqualTo("one");
      var errors = run.controller().stderr().orElseThrow().readAllBytes();
      assertThat(new String(errors, StandardCharsets.UTF_8)).isEqualTo("two\n");
    }
  }

  @Test
  void aListenerCannotWaitForTheEnd() throws Exception {
    var self = new AtomicReference<ProcessController>();
    var known = new CountDownLatch(1);
    var seen = new AtomicReference<Throwable>();
    var controller =
        ProcessController.start(
            Run.sh("exit 0"),
            Run.policy(NEVER),
            event -> {
              if (event instanceof ProcessEvent.Exited) {
                awaitUninterrupted(known);
                try {
                  self.get().await();
                } catch (IllegalStateException | InterruptedException e) {
                  seen.set(e);
                }
              }
            });
    self.set(controller);
    known.countDown();
    try (controller) {
      controller.await();
      assertThat(seen.get()).isInstanceOf(IllegalStateException.class);
    }
  }

  private static void awaitUninterrupted(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
