package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A process that KILL does not end before this is closed: in a frozen control group of version 1
 * where one can be made, else held by a tracer where it is about to exit (ptrace(2),
 * PTRACE_O_TRACEEXIT).
 */
interface Held extends AutoCloseable {
  /** Makes that anybody may trace it, where that is not so; says its pid; lives for 15 s. */
  String SCRIPT =
      """
      import ctypes, os, time
      ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_long(-1), 0, 0, 0)
      print(os.getpid(), flush=True)
      time.sleep(15)
      """;

  static Held freezing(long pid) throws IOException {
    Path freezer = Path.of("/sys/fs/cgroup/freezer");
    return Files.isWritable(freezer.resolve("cgroup.procs"))
        ? Frozen.make(freezer, pid)
        : Traced.seize(pid);
  }

  @Override
  void close() throws IOException;

  /** In a group of its own. */
  record Frozen(Path group, Path parent) implements Held {
    static Frozen make(Path parent, long pid) throws IOException {
      Path group = Files.createDirectory(parent.resolve("earshot-test-" + pid));
      Files.writeString(group.resolve("cgroup.procs"), Long.toString(pid));
      var frozen = new Frozen(group, parent);
      frozen.set("FROZEN");
      return frozen;
    }

    private void set(String state) throws IOException {
      Files.writeString(group.resolve("freezer.state"), state);
      Eventually.until(
          state, () -> Files.readString(group.resolve("freezer.state")).strip().equals(state));
    }

    @Override
    public void close() throws IOException {
      set("THAWED");
      Eventually.until(
          "it is empty", () -> Files.readString(group.resolve("cgroup.procs")).isEmpty());
      Files.delete(group);
    }
  }

  /** By a program that ends when it is told to. */
  record Traced(Process tracer, BufferedReader said, BufferedWriter release) implements Held {
    private static final String TRACER =
        """
        import ctypes, sys
        libc = ctypes.CDLL(None, use_errno=True)
        PTRACE_SEIZE, PTRACE_O_TRACEEXIT = 0x4206, 0x40
        none = ctypes.c_void_p(0)
        failed = libc.ptrace(
            PTRACE_SEIZE, int(sys.argv[1]), none, ctypes.c_void_p(PTRACE_O_TRACEEXIT))
        print('cannot trace' if failed else 'seized', flush=True)
        sys.stdin.readline()
        """;

    static Traced seize(long pid) throws IOException {
      var tracer = new ProcessBuilder("python3", "-c", TRACER, Long.toString(pid)).start();
      tracer.getErrorStream().close();
      var traced = new Traced(tracer, tracer.inputReader(), tracer.outputWriter());
      assertThat(traced.said().readLine()).isEqualTo("seized");
      return traced;
    }

    @Override
    public void close() throws IOException {
      try (said;
          release) {
        release.write("\n");
      }
      assertThat(tracer.onExit().join().exitValue()).isZero();
    }
  }
}
