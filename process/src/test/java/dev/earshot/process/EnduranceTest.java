package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EnduranceTest {
  private static final long SELF = ProcessHandle.current().pid();

  private static final int LIVES = Boolean.getBoolean("stress") ? 1000 : 50;

  @Test
  @Timeout(600)
  void livesLeaveNothingBehind() throws Exception {
    lives(50, new Random(1));
    Use before = Use.now();
    lives(LIVES, new Random(2));
    Use.now().assertNotMoreThan(before);
  }

  @Test
  @Timeout(600)
  void livesOfOneContainmentLeaveNothingBehind() throws Exception {
    try (var containment = Containment.open(Containment.Plan.of("lives"))) {
      lives(containment, 50);
      Use before = Use.now();
      lives(containment, LIVES);
      Use.now().assertNotMoreThan(before);
    }
  }

  /** What this process has of what could grow. */
  private record Use(long descriptors, int threads, long zombies, long heapKib) {
    static Use now() throws Exception {
      var memory = ManagementFactory.getMemoryMXBean();
      memory.gc();
      return new Use(
          openDescriptors(),
          Thread.activeCount(),
          ProcessTable.all().stream()
              .filter(each -> !each.isAlive() && each.parent() == SELF)
              .count(),
          memory.getHeapMemoryUsage().getUsed() >> 10);
    }

    void assertNotMoreThan(Use before) {
      assertThat(descriptors).isLessThanOrEqualTo(before.descriptors);
      // A life that begins before the thread of the one before is idle gets one of its own, which
      // is
      // kept: what leaked would be as many as there were lives.
      assertThat(threads).isLessThanOrEqualTo(before.threads + 2);
      assertThat(zombies).isZero();
      assertThat(heapKib).isLessThan(before.heapKib + 4096);
    }
  }

  private static void lives(int count, Random random) throws Exception {
    for (int life = 0; life < count; life++) {
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

  private static void lives(Containment containment, int count) throws Exception {
    for (int life = 0; life < count; life++) {
      var script = "(setsid sleep 15 &); echo " + life;
      try (var run = Run.of(containment, Run.sh(script), Run.policy(Run.NEVER))) {
        assertThat(run.line()).isEqualTo("" + life);
        var result = run.await();
        assertThat(result.exitCode()).hasValue(0);
        assertThat(result.survivors()).isEmpty();
      }
    }
  }

  /** Of children of the JDK, whose own children become orphans, in the middle of our trees. */
  @Test
  void daemonsOfTheJdksOwnChildrenAreTheirOwnAffair() throws Exception {
    List<Long> daemons = new ArrayList<>();
    try (var containment = Containment.open(Containment.Plan.of("beside"))) {
      for (int i = 0; i < 10; i++) {
        var script = "(setsid sleep 15 & echo $!); exit " + i;
        var theirs = new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
        try (var run = Run.of(containment, TreeOfEight.spec(), Run.policy(Run.NOW))) {
          assertThat(run.line()).isEqualTo("ready");
          run.controller().stop();
          assertThat(run.await().survivors()).isEmpty();
        }
        assertThat(theirs.waitFor()).isEqualTo(i);
        try (var said = theirs.inputReader()) {
          daemons.add(Long.valueOf(said.readLine()));
        }
        theirs.getOutputStream().close();
      }
      assertThat(daemons)
          .allMatch(pid -> ProcessTable.of(pid).filter(ProcessTable.Entry::isAlive).isPresent());
    } finally {
      for (long pid : daemons) {
        Libc.kill(pid, Signal.KILL.number());
        Libc.waitFor(Platform.current(), pid, Platform.WAIT_EXITED);
      }
    }
  }

  @Test
  void fiveHundredFastExitsLoseNoOutput() throws Exception {
    try (var containment = Containment.open(Containment.Plan.of("fast"))) {
      for (int i = 0; i < 500; i++) {
        var spec = CommandSpec.of("/bin/echo", "" + i);
        try (var run = Run.of(containment, spec, Run.policy(Run.NEVER))) {
          if (i % 2 == 0) {
            run.await();
          }
          assertThat(run.line()).isEqualTo("" + i);
          assertThat(run.await().exitCode()).hasValue(0);
        }
      }
    }
  }

  @Test
  void aFloodAndALongLineComeWhole() throws Exception {
    long all = 100L << 20;
    var script = "head -c $1 /dev/zero; head -c $2 /dev/zero | tr '\\0' x; echo";
    var spec = CommandSpec.of("/bin/sh", "-c", script, "sh", "" + all, "" + (10 << 20));
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      InputStream out = run.controller().stdout().orElseThrow();
      byte[] piece = new byte[1 << 16];
      long count = 0;
      while (count < all) {
        int read = out.readNBytes(piece, 0, (int) Math.min(piece.length, all - count));
        assertThat(read).isPositive();
        count += read;
      }
      assertThat(run.line()).hasSize(10 << 20);
      assertThat(run.line()).isEmpty();
      assertThat(run.await().exitCode()).hasValue(0);
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
