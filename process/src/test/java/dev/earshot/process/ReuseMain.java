package dev.earshot.process;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A program with process numbers of its own, in which one that was a member's is another's at once
 * (proc(5), ns_last_pid). It says of each innocent that got such a number whether it lives.
 */
final class ReuseMain {
  private static final Path LAST = Path.of("/proc/sys/kernel/ns_last_pid");
  private static final CommandSpec INNOCENT =
      CommandSpec.of("sleep", "15")
          .withStdio(new Stdio(new Redirect.Null(), new Redirect.Null(), new Redirect.Null()));

  /** The kernel counts the times of starts in hundredths of a second. */
  private static final long TICK = Duration.ofMillis(20).toNanos();

  private ReuseMain() {}

  public static void main(String[] args) throws Exception {
    var policy = new StopPolicy(Signal.TERM, Duration.ZERO, Duration.ofSeconds(2));
    try (var containment = Containment.open(Containment.Plan.of("reuse"))) {
      signalledByAnOldLook(containment);
      memberReused(containment, policy);
      leaderReserved(containment, policy);
      groupReused(containment, policy);
    }
  }

  /** An entry of a look, and then the number is another's. */
  private static void signalledByAnOldLook(Containment containment) throws Exception {
    long first = innocent();
    var old = ProcessTable.of(first).orElseThrow();
    end(first);
    long innocent = innocent(first);
    containment.newTree().signal(List.of(old), Signal.KILL);
    tell("old look", innocent, "" + (innocent == first));
  }

  /** A member that was seen ends, and its number is another's when the tree is killed. */
  private static void memberReused(Containment containment, StopPolicy policy) throws Exception {
    var script =
        "trap '' TERM; setsid sleep 15 & echo $!; read -r _; kill -9 $!; wait; echo; read -r _; sleep 15";
    var spec = CommandSpec.of("/bin/bash", "-c", script);
    try (var run = Run.of(containment, spec, policy)) {
      long member = Long.parseLong(run.line());
      var in = run.controller().stdin().orElseThrow();
      in.write('\n');
      run.line();
      long innocent = innocent(member);
      run.controller().stop();
      var result = run.await();
      tell(
          "member",
          innocent,
          (innocent == member) + " " + result.reason() + " " + result.killed().contains(member));
    }
  }

  /** As long as a member lives, nobody gets the number of the leader, which has ended. */
  private static void leaderReserved(Containment containment, StopPolicy policy) throws Exception {
    var script = "setsid sh -c 'trap \"\" TERM; echo; exec sleep 15' & read -r _";
    var patient = new StopPolicy(Signal.TERM, Duration.ofHours(1), policy.killWait());
    try (var run = Run.of(containment, CommandSpec.of("/bin/sh", "-c", script), patient)) {
      run.line();
      long leader = run.pid();
      run.controller().stdin().orElseThrow().write('\n');
      while (ProcessTable.of(leader).filter(it -> !it.isAlive()).isEmpty()) {
        LockSupport.parkNanos(TICK);
      }
      Files.writeString(LAST, Long.toString(leader - 1));
      long innocent = start();
      run.controller().killNow();
      run.await();
      tell("leader", innocent, "" + (innocent == leader));
    }
  }

  /** After the end, the number of the group is another's: nothing that comes late reaches it. */
  private static void groupReused(Containment containment, StopPolicy policy) throws Exception {
    try (var run = Run.of(containment, CommandSpec.of("/bin/sh", "-c", "exit 0"), policy)) {
      long leader = run.await().pid().orElseThrow();
      long innocent = innocent(leader);
      run.controller().stop();
      run.controller().killNow();
      run.controller().signal(Signal.KILL);
      run.controller().close();
      tell("group", innocent, (innocent == leader) + " " + (Libc.groupOf(innocent) == leader));
    }
  }

  private static void tell(String what, long innocent, String rest) {
    boolean lives = ProcessTable.of(innocent).filter(ProcessTable.Entry::isAlive).isPresent();
    System.out.println(what + ": " + (lives ? "lives" : "killed") + " " + rest);
    end(innocent);
  }

  /** With a group of its own, as a command has. */
  private static long start() throws Exception {
    var streams = StandardStreams.open(INNOCENT, 3);
    try {
      var setting = new Spawner.Setting(Optional.empty(), Mark.NONE, false, Optional.empty());
      return Spawner.spawn(Platform.current(), INNOCENT, streams.sources(), setting);
    } finally {
      streams.closeSources();
    }
  }

  private static long innocent() throws Exception {
    return start();
  }

  /** One that has the number, in a later tick; others that are given it first are ended again. */
  private static long innocent(long number) throws Exception {
    LockSupport.parkNanos(TICK);
    while (true) {
      Files.write(LAST, Long.toString(number - 1).getBytes(StandardCharsets.US_ASCII));
      long started = start();
      if (started == number) {
        return started;
      }
      end(started);
    }
  }

  private static void end(long pid) {
    Libc.kill(pid, Signal.KILL.number());
    Libc.waitFor(Platform.current(), pid, Platform.WAIT_EXITED);
  }
}
