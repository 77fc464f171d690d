package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class EnduranceTest {

  @Test
  void fiftyLivesLeaveNothingBehind() throws Exception {
    fiftyLives(new Random(1));
    long descriptors = openDescriptors();
    int threads = Thread.activeCount();
    fiftyLives(new Random(2));
    assertThat(openDescriptors()).isLessThanOrEqualTo(descriptors);
    assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads);
  }

  private static void fiftyLives(Random random) throws Exception {
    for (int life = 0; life < 50; life++) {
      try (var run = Run.of(Run.sh("sleep 1000 & read _"), Run.policy(Run.NEVER))) {
        // At any moment, before the start as well as during it.
        for (int spin = random.nextInt(200_000); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        run.controller().stop();
        var result = run.await();
        assertThat(result.survivors()).isEmpty();
        result.pid().ifPresent(pid -> assertThat(Run.livingInGroup(pid)).isEmpty());
      }
    }
  }

  @Test
  void aStormOfSignalsToUsDoesNoHarm() throws Exception {
    int winch = Signal.WINCH.number();
    long self = ProcessHandle.current().pid();
    try (var run = Run.ready(Run.OBEDIENT, Run.NEVER)) {
      // Ignored signals interrupt nothing: one with a handler does, and the JVM handles PIPE.
      for (int i = 0; i < 1000; i++) {
        Libc.kill(self, winch);
        Libc.kill(self, Signal.PIPE.number());
      }
      run.controller().stdin().orElseThrow().write('\n');
      assertThat(run.await().exitCode()).hasValue(3);
    }
  }

  @Test
  void theJdksOwnChildrenKeepTheirStatus() throws Exception {
    var done = new AtomicBoolean();
    List<Integer> codes = Collections.synchronizedList(new ArrayList<>());
    var theirs =
        Thread.ofPlatform()
            .start(() -> {
              try {
                while (!done.get() || codes.size() < 20) {
                  var child = new ProcessBuilder("/bin/false").start();
                  codes.add(child.waitFor());
                  child.getInputStream().close();
                  child.getErrorStream().close();
                  child.getOutputStream().close();
                }
              } catch (java.io.IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    for (int i = 0; i < 50; i++) {
      try (var run = Run.of(Run.sh("exit 5"), Run.policy(Run.NEVER))) {
        assertThat(run.await().exitCode()).hasValue(5);
      }
    }
    done.set(true);
    theirs.join();
    assertThat(codes).hasSizeGreaterThanOrEqualTo(20).containsOnly(1);
  }

  private static long openDescriptors() throws Exception {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }
}
