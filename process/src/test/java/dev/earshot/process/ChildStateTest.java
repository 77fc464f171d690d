package dev.earshot.process;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a command finds when it starts: its group, signals, descriptors, environment. */
class ChildStateTest {
  /** glibc ignores its two own signals in every child it starts. */
  private static final long LIBRARY_SIGNALS = 3L << 31;

  @TempDir Path dir;

  @Test
  void itLeadsAGroupOfItsOwn() throws Exception {
    try (var run = Run.ready(Run.OBEDIENT, Run.NEVER)) {
      long pid = run.pid();
      assertThat(Libc.groupOf(pid)).isEqualTo((int) pid);
      assertThat(Libc.groupOf(0)).isNotEqualTo((int) pid);
    }
  }

  @Test
  void nothingOfTheJvmsSignalsIsLeft() throws Exception {
    var status = status(LaunchState.plain());
    assertThat(status.blocked()).isZero();
    assertThat(status.ignored()).isZero();
    assertThat(status.caught()).isZero();
  }

  @Test
  void whatWeIgnoreIsNotIgnoredInTheCommand() throws Exception {
    var before = Libc.disposition(Signal.TTOU.number()).orElseThrow();
    OwnSignals.ignore(Signal.TTOU);
    try {
      assertThat(Libc.disposition(Signal.TTOU.number()).orElseThrow().isIgnore()).isTrue();
      assertThat(status(LaunchState.plain()).ignored()).isZero();
    } finally {
      Libc.restoreDisposition(Signal.TTOU.number(), before);
    }
  }

  @Test
  void whatTheLauncherIgnoredAndBlockedIsAgain() throws Exception {
    // HUP and TERM are handled by this JVM, PIPE too, USR1 has its default here.
    long ignored =
        Signal.HUP.bit() | Signal.TERM.bit() | Signal.PIPE.bit() | Signal.USR1.bit() | 1L << 39;
    long blocked = Signal.INT.bit() | Signal.QUIT.bit();
    var handled = Libc.disposition(Signal.TERM.number()).orElseThrow().isIgnore();
    var status = status(new LaunchState(ignored, blocked, new TreeSet<>()));
    assertThat(status.ignored()).isEqualTo(ignored);
    assertThat(status.blocked()).isEqualTo(blocked);
    assertThat(Libc.disposition(Signal.TERM.number()).orElseThrow().isIgnore()).isEqualTo(handled);
  }

  @Test
  void whatAJvmNeedsAndTheStatusOfChildrenIsNeverIgnored() throws Exception {
    long asked =
        Signal.CHLD.bit()
            | Signal.SEGV.bit()
            | Signal.BUS.bit()
            | Signal.FPE.bit()
            | Signal.ILL.bit()
            | Signal.KILL.bit()
            | Signal.STOP.bit();
    var status = status(new LaunchState(asked, 0, new TreeSet<>()));
    assertThat(status.ignored()).isZero();
  }

  @Test
  void aToolStartedWithChldIgnoredStillLearnsHowItEnds() throws Exception {
    int chld = Signal.CHLD.number();
    var before = Libc.disposition(chld).orElseThrow();
    Libc.setDisposition(chld, Platform.SIGNAL_IGNORE);
    try (var run = Run.of(Run.sh("exit 3"), Run.policy(Run.NEVER))) {
      assertThat(run.await().exitCode()).hasValue(3);
    } finally {
      Libc.restoreDisposition(chld, before);
    }
  }

  @Test
  void itHasTheThreeStandardDescriptorsOnly() throws Exception {
    try (var file = new RandomAccessFile(new File("/etc/passwd"), "r");
        var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(file.length()).isPositive();
      assertThat(listener.isBound()).isTrue();
      assertDescriptors(LaunchState.plain(), Stdio.pipes(), 0, 1, 2);
    }
  }

  @Test
  void itInheritsTheDescriptorsTheLauncherHad() throws Exception {
    int[] numbers = {40, 45};
    int nothing = Descriptors.openNull();
    try {
      for (int number : numbers) {
        Libc.dup2(nothing, number);
      }
      // 42 is to be inherited, but is not open.
      var launch = new LaunchState(0, 0, new TreeSet<>(List.of(40, 42, 45)));
      assertDescriptors(launch, Stdio.pipes(), 0, 1, 2, 40, 45);
      launch = new LaunchState(0, 0, new TreeSet<>(List.of(45)));
      assertDescriptors(launch, Stdio.pipes(), 0, 1, 2, 45);
    } finally {
      Descriptors.close(nothing);
      for (int number : numbers) {
        Descriptors.close(number);
      }
    }
  }

  @Test
  void aClosedStreamIsClosedInTheCommand() throws Exception {
    var closedIn =
        new Stdio(new Redirect.Closed(), new Redirect.Pipe(), new Redirect.Inherit(10_000));
    assertDescriptors(LaunchState.plain(), closedIn, 1);
  }

  @Test
  void aToolThatWasStartedWithoutStandardStreamsStillConnectsThem() throws Exception {
    var script = "exec " + Shell.java(ClosedStreamsMain.class) + " <&- >&- 2>&-";
    try (var run = Run.of(Run.sh(script), Run.policy(Run.NEVER))) {
      assertThat(run.await().exitCode()).hasValue(ClosedStreamsMain.RIGHT);
    }
  }

  @Test
  void theNullDeviceEndsAtOnce() throws Exception {
    var stdio = new Stdio(new Redirect.Null(), new Redirect.Pipe(), new Redirect.Null());
    try (var run = Run.of(Run.sh("cat; echo end").withStdio(stdio), Run.policy(Run.NEVER))) {
      assertThat(run.line()).isEqualTo("end");
      assertThat(run.controller().stdin()).isEmpty();
      assertThat(run.controller().stderr()).isEmpty();
    }
  }

  @Test
  void aDescriptorOfOursCanBecomeAnotherOfTheCommands() throws Exception {
    int[] pipe = Libc.pipe();
    var stdio = new Stdio(new Redirect.Null(), new Redirect.Null(), new Redirect.Inherit(pipe[1]));
    try (var in = Descriptors.input(pipe[0]);
        var run =
            Run.of(Run.sh("echo out; echo err >&2").withStdio(stdio), Run.policy(Run.NEVER))) {
      run.await();
      Descriptors.close(pipe[1]);
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("err\n");
    } finally {
      Descriptors.close(pipe[0]);
    }
  }

  @Test
  void theEnvironmentIsTheOneGivenAndTheMark() throws Exception {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("Z", "last=first");
    environment.put("A", "");
    environment.put("RAW", "\u00e4");
    var spec =
        CommandSpec.of("/bin/cat", "/proc/self/environ")
            .withEnvironment(environment)
            .withCharset(StandardCharsets.ISO_8859_1);
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      byte[] seen = run.controller().stdout().orElseThrow().readAllBytes();
      assertThat(new String(seen, StandardCharsets.ISO_8859_1))
          .matches("Z=last=first\0A=\0RAW=\u00e4\0EARSHOT_MARK=1[0-9]{17}\0");
    }
  }

  @Test
  void itStartsInItsDirectory() throws Exception {
    var spec = CommandSpec.of("/bin/pwd", "-P").withDirectory(dir.toString());
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      assertThat(run.line()).isEqualTo(dir.toRealPath().toString());
    }
  }

  /** The kernel's masks, without the signals glibc ignores in every child. */
  private record Signals(long blocked, long ignored, long caught) {
    static Signals parse(String status) {
      return new Signals(
          mask(status, "SigBlk"),
          mask(status, "SigIgn") & ~LIBRARY_SIGNALS,
          mask(status, "SigCgt"));
    }

    private static long mask(String status, String name) {
      var matcher = Pattern.compile(name + ":\\s*([0-9a-f]+)").matcher(status);
      assertThat(matcher.find()).as(name).isTrue();
      return Long.parseUnsignedLong(matcher.group(1), 16);
    }
  }

  private static Signals status(LaunchState launch) throws Exception {
    var spec = CommandSpec.of("/bin/cat", "/proc/self/status").withLaunch(launch);
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      byte[] status = run.controller().stdout().orElseThrow().readAllBytes();
      return Signals.parse(new String(status, StandardCharsets.UTF_8));
    }
  }

  /** Looked at from outside; its loader has one more open at first, but nothing else changes. */
  private static void assertDescriptors(LaunchState launch, Stdio stdio, Integer... expected)
      throws Exception {
    var spec = CommandSpec.of("sleep", "1000").withLaunch(launch).withStdio(stdio);
    try (var run = Run.of(spec, Run.policy(Run.NEVER))) {
      long pid = run.pid();
      Eventually.until(
          () -> "descriptors " + Set.of(expected) + " but " + descriptors(pid),
          () -> descriptors(pid).equals(Set.of(expected)));
    }
  }

  private static Set<Integer> descriptors(long pid) {
    try (var all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return all.map(each -> Integer.parseInt(each.getFileName().toString())).collect(toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
