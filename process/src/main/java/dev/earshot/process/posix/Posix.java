package dev.earshot.process.posix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.earshot.process.posix.Libc.Returned;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The system calls that owning processes takes, each as a method that says what the manual's page
 * says. A call that an arriving signal interrupts is made again (signal(7)). Thread-safe; the
 * blocking ones pin a virtual thread, so they are called on platform threads.
 */
public final class Posix {
  /** The one C library of this process. Like the process itself, it is shared. */
  public static final Posix SYSTEM = new Posix();

  /** Relative names mean: relative to this process's working directory. */
  public static final int AT_FDCWD = -100;

  private static final int AT_EACCESS = 0x200;
  private static final int F_OK = 0;
  private static final int X_OK = 1;
  private static final int O_PATH = 0x200000;
  private static final int CODE_NOT_IN_THE_TABLE = 0;

  private final Libc libc = new Libc();

  /** Guards what is the process's as a whole while a child is made: signal dispositions. */
  private final ReentrantLock spawning = new ReentrantLock();

  private Posix() {}

  /** What became of a child, as the kernel says (waitid(2)). */
  public sealed interface Status {
    /** It exited with this code. */
    record Exited(int code) implements Status {}

    /** This signal ended it. */
    record Killed(int signal, boolean coreDumped) implements Status {}

    /** This signal stopped it. */
    record Stopped(int signal) implements Status {}

    /** It goes on. */
    record Continued() implements Status {}

    /** Nothing has happened to it. */
    record Running() implements Status {}

    /** It is not our child, or was waited for elsewhere. */
    record Gone() implements Status {}
  }

  /**
   * What a child used (getrusage(2)).
   *
   * @param user time in user mode
   * @param system time in the kernel
   * @param maxRssKib largest resident set, in KiB
   */
  public record Usage(Duration user, Duration system, long maxRssKib) {
    /** Of a child of which nothing is known. */
    public static final Usage UNKNOWN = new Usage(Duration.ZERO, Duration.ZERO, 0);
  }

  /** A status with the usage up to it. */
  public record Waited(Status status, Usage usage) {}

  /** A call that returns a value, or the number of an error. */
  public sealed interface Outcome {
    /** The value: a descriptor or a process id. */
    record Ok(int value) implements Outcome {}

    /** The error's number (errno(3)). */
    record Failed(int errno) implements Outcome {}
  }

  /** The lock that is held while a child is made. */
  ReentrantLock spawning() {
    return spawning;
  }

  Libc libc() {
    return libc;
  }

  /** Sends a signal (kill(2)); a negative pid is a process group. The error, or 0. */
  public int kill(long pid, int signal) {
    Returned returned = libc.call("kill", pid, signal);
    return returned.failed() ? returned.errno() : 0;
  }

  /** The process group of this process. */
  public long ownGroup() {
    return libc.call("getpgrp").asInt();
  }

  /** Waits until something happens to the child, and leaves it to be waited for again. */
  public Waited awaitChange(long pid) {
    return waitid(
        pid,
        Constants.WEXITED | Constants.WSTOPPED | Constants.WCONTINUED | Constants.WNOWAIT);
  }

  /** Takes note of a stop or a continuation, so that it is not told again. */
  public void consumeStop(long pid) {
    waitid(pid, Constants.WSTOPPED | Constants.WCONTINUED | Constants.WNOHANG);
  }

  /** Whether the child has ended by now; it stays to be waited for. */
  public Status peekEnd(long pid) {
    return waitid(pid, Constants.WEXITED | Constants.WNOHANG | Constants.WNOWAIT).status();
  }

  /** Waits for an ended child for good: its process id is free from then on. */
  public Status reap(long pid) {
    return waitid(pid, Constants.WEXITED | Constants.WNOHANG).status();
  }

  private Waited waitid(long pid, int options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Constants.SIGINFO_SIZE, 8);
      MemorySegment usage = arena.allocate(Constants.RUSAGE_SIZE, 8);
      Returned returned;
      do {
        info.fill((byte) 0);
        returned =
            libc.syscall(
                Constants.sysWaitid(),
                Constants.P_PID,
                pid,
                info.address(),
                options,
                usage.address());
      } while (returned.failed() && returned.errno() == Errno.EINTR.number());
      if (returned.failed()) {
        return new Waited(new Status.Gone(), Usage.UNKNOWN);
      }
      return new Waited(status(info), usage(usage));
    }
  }

  private static Status status(MemorySegment info) {
    int value = Libc.intAt(info, Constants.SIGINFO_STATUS);
    return switch (Libc.intAt(info, Constants.SIGINFO_CODE)) {
      case Constants.CLD_EXITED -> new Status.Exited(value);
      case Constants.CLD_KILLED -> new Status.Killed(value, false);
      case Constants.CLD_DUMPED -> new Status.Killed(value, true);
      case Constants.CLD_STOPPED -> new Status.Stopped(value);
      case Constants.CLD_CONTINUED -> new Status.Continued();
      case CODE_NOT_IN_THE_TABLE -> new Status.Running();
      default -> throw new IllegalStateException("an unknown si_code");
    };
  }

  private static Usage usage(MemorySegment usage) {
    return new Usage(
        time(usage, Constants.RUSAGE_USER),
        time(usage, Constants.RUSAGE_SYSTEM),
        usage.get(JAVA_LONG, Constants.RUSAGE_MAXRSS));
  }

  private static Duration time(MemorySegment usage, long offset) {
    return Duration.ofSeconds(usage.get(JAVA_LONG, offset))
        .plusNanos(usage.get(JAVA_LONG, offset + 8) * 1_000);
  }

  /** A descriptor that stands for this process and never for another (pidfd_open(2)). */
  public Outcome pidfd(long pid) {
    return outcome(libc.syscall(Constants.SYS_PIDFD_OPEN, pid, 0));
  }

  /** Sends a signal to the process of a pidfd (pidfd_send_signal(2)). The error, or 0. */
  public int signalPidfd(int pidfd, int signal) {
    Returned returned = libc.syscall(Constants.SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
    return returned.failed() ? returned.errno() : 0;
  }

  /** Waits until one of the descriptors is readable (a pidfd: its process ended), or the time is over. */
  public void awaitReadable(List<Integer> descriptors, Duration patience) {
    poll(descriptors, Constants.POLLIN, patience);
  }

  /** Whether a write of up to 4 KiB will not block, after waiting for that for at most this time. */
  public boolean awaitWritable(int descriptor, Duration patience) {
    return poll(List.of(descriptor), Constants.POLLOUT, patience);
  }

  /** A signal that interrupts the waiting ends it early; callers look again anyway. */
  private boolean poll(List<Integer> descriptors, int events, Duration patience) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set =
          arena.allocate((long) Constants.POLLFD_SIZE * Math.max(1, descriptors.size()), 8);
      for (int i = 0; i < descriptors.size(); i++) {
        set.set(JAVA_INT, (long) i * Constants.POLLFD_SIZE, descriptors.get(i));
        set.set(JAVA_SHORT, (long) i * Constants.POLLFD_SIZE + 4, (short) events);
      }
      long millis = Math.clamp(patience.toMillis(), 0, Integer.MAX_VALUE);
      return libc.call("poll", set.address(), descriptors.size(), millis).asInt() > 0;
    }
  }

  /** Opens a file for reading, without waiting and without making it the controlling terminal. */
  public Outcome openForReading(int folder, byte[] name) {
    return openat(folder, name, Constants.O_RDONLY | Constants.O_CLOEXEC | Constants.O_NOCTTY);
  }

  /** Opens a file for reading and writing. */
  public Outcome openForUpdate(byte[] name) {
    return openat(
        AT_FDCWD, name, Constants.O_RDWR | Constants.O_CLOEXEC | Constants.O_NOCTTY);
  }

  /** A handle on a folder, which needs no right to read it. */
  public Outcome openFolder(byte[] name) {
    return openat(AT_FDCWD, name, O_PATH | directoryFlag() | Constants.O_CLOEXEC);
  }

  /** The one flag of open(2) used here that differs by architecture. */
  private static int directoryFlag() {
    return System.getProperty("os.arch").equals("aarch64") ? 0x4000 : 0x10000;
  }

  private Outcome openat(int folder, byte[] name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      // Without O_CREAT there is no variadic argument.
      return outcome(
          libc.call("openat", folder, cString(arena, name).address(), flags));
    }
  }

  /** Whether the name leads to something. The error, or 0. */
  public int exists(int folder, byte[] name) {
    return access(folder, name, F_OK);
  }

  /** Whether this process may execute the file, or search the folder. The error, or 0. */
  public int executable(int folder, byte[] name) {
    return access(folder, name, X_OK);
  }

  private int access(int folder, byte[] name, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      Returned returned =
          libc.call("faccessat", folder, cString(arena, name).address(), mode, AT_EACCESS);
      return returned.failed() ? returned.errno() : 0;
    }
  }

  /** Whether the name leads to a folder. */
  public boolean isFolder(int folder, byte[] name) {
    return switch (openat(folder, name, O_PATH | directoryFlag() | Constants.O_CLOEXEC)) {
      case Outcome.Ok(int descriptor) -> {
        close(descriptor);
        yield true;
      }
      case Outcome.Failed _ -> false;
    };
  }

  /** Reads up to so many bytes from the start of a descriptor's file; fewer at its end. */
  public byte[] readStart(int descriptor, int most) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(most);
      Returned returned = libc.call("pread", descriptor, buffer.address(), most, 0);
      int count = (int) Math.max(0, returned.value());
      return buffer.asSlice(0, count).toArray(JAVA_BYTE);
    }
  }

  /** Writes what the descriptor takes. */
  public Outcome write(int descriptor, byte[] bytes, int offset, int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(count);
      MemorySegment.copy(bytes, offset, buffer, JAVA_BYTE, 0, count);
      return outcome(libc.call("write", descriptor, buffer.address(), count));
    }
  }

  /** Closes a descriptor, whatever that says (close(2) must not be called again). */
  public void close(int descriptor) {
    libc.call("close", descriptor);
  }

  /** Whether the descriptor is open. */
  public boolean isOpen(int descriptor) {
    return !libc.variadic("fcntl", descriptor, Constants.F_GETFD, 0).failed();
  }

  /** Whether the descriptor is a terminal. */
  public boolean isTerminal(int descriptor) {
    return libc.call("isatty", descriptor).asInt() == 1;
  }

  /** A copy of the descriptor, numbered from 3 on and closed on exec. */
  public Outcome duplicate(int descriptor) {
    return outcome(libc.variadic("fcntl", descriptor, Constants.F_DUPFD_CLOEXEC, 3));
  }

  /** Makes the second number mean what the first does, whatever it was before. */
  public Outcome duplicateTo(int descriptor, int number) {
    return outcome(libc.call("dup2", descriptor, number));
  }

  /** The ends of a pipe: reading, writing; both closed on exec and numbered from 3 on. */
  public Optional<int[]> pipe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(8, 4);
      if (libc.call("pipe2", ends.address(), Constants.O_CLOEXEC).failed()) {
        return Optional.empty();
      }
      int reading = ends.get(JAVA_INT, 0);
      int writing = ends.get(JAVA_INT, 4);
      return Optional.of(new int[] {awayFromStdio(reading), awayFromStdio(writing)});
    }
  }

  /** A process whose own 0, 1 or 2 is closed gets that number for a new descriptor. */
  private int awayFromStdio(int descriptor) {
    if (descriptor > 2) {
      return descriptor;
    }
    Outcome moved = duplicate(descriptor);
    close(descriptor);
    return moved instanceof Outcome.Ok(int number) ? number : -1;
  }

  /** The foreground process group of a terminal (tcgetpgrp(3)). */
  public Outcome foreground(int terminal) {
    return outcome(libc.call("tcgetpgrp", terminal));
  }

  /** Makes a process group the foreground of a terminal (tcsetpgrp(3)). The error, or 0. */
  public int setForeground(int terminal, long group) {
    Returned returned = libc.call("tcsetpgrp", terminal, group);
    return returned.failed() ? returned.errno() : 0;
  }

  /** The modes of a terminal, to be given back as they are (tcgetattr(3)). */
  public Optional<byte[]> terminalModes(int terminal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment modes = arena.allocate(Constants.TERMIOS_SIZE, 8);
      return libc.call("tcgetattr", terminal, modes.address()).failed()
          ? Optional.empty()
          : Optional.of(modes.toArray(JAVA_BYTE));
    }
  }

  /** Sets the modes of a terminal once what was written is out (tcsetattr(3)). */
  public void setTerminalModes(int terminal, byte[] modes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(Constants.TERMIOS_SIZE, 8);
      MemorySegment.copy(modes, 0, segment, JAVA_BYTE, 0, modes.length);
      libc.call("tcsetattr", terminal, Constants.TCSADRAIN, segment.address());
    }
  }

  /** Ignores a signal in this process (sigaction(2)). */
  public void ignore(int signal) {
    setDisposition(signal, Constants.SIG_IGN);
  }

  /** Gives a signal its default action in this process. */
  public void setDefault(int signal) {
    setDisposition(signal, Constants.SIG_DFL);
  }

  private void setDisposition(int signal, long handler) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(Constants.SIGACTION_SIZE, 8);
      action.set(JAVA_LONG, 0, handler);
      libc.call("sigaction", signal, action.address(), 0);
    }
  }

  /** Lets a signal through to the calling thread. */
  public void unblock(int signal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocate(Constants.SIGSET_SIZE, 8);
      libc.call("sigemptyset", set.address());
      libc.call("sigaddset", set.address(), signal);
      libc.call("pthread_sigmask", Constants.SIG_UNBLOCK, set.address(), 0);
    }
  }

  static MemorySegment cString(Arena arena, byte[] text) {
    MemorySegment segment = arena.allocate(text.length + 1L);
    MemorySegment.copy(text, 0, segment, JAVA_BYTE, 0, text.length);
    return segment;
  }

  private static Outcome outcome(Returned returned) {
    return returned.failed()
        ? new Outcome.Failed(returned.errno())
        : new Outcome.Ok(returned.asInt());
  }
}
