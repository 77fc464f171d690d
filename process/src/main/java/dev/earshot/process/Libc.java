package dev.earshot.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The functions of the C library, without decisions. An answer is as the kernel gives it: the
 * result, or the negative error number. Any thread may call; a call that can block (poll, waitid)
 * belongs on a platform thread, as it holds the carrier of a virtual one.
 *
 * <p>Pointers and integers are all passed as {@code long} through one call shape, because linking a
 * shape costs milliseconds at first use and another function of a linked shape costs nothing. It
 * fits functions with variable arguments, too: Linux on x86-64 and aarch64 passes a variable
 * integer where a fixed one would be.
 */
@SuppressWarnings("restricted") // calling C is what this class is for
final class Libc {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup SYMBOLS = LINKER.defaultLookup();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();

  /**
   * Where in the state the error number is: on Linux it is all of it. To ask the layout by a path
   * would link handles that nothing else needs.
   */
  static final long ERRNO = 0;

  private static final MethodHandle PLAIN =
      LINKER.downcallHandle(
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.captureCallState("errno"));

  private static final MemorySegment CLOSE = find("close");
  private static final MemorySegment DUP2 = find("dup2");
  private static final MemorySegment EVENTFD = find("eventfd");
  private static final MemorySegment FACCESSAT = find("faccessat");
  private static final MemorySegment FCNTL = find("fcntl");
  private static final MemorySegment FSTATVFS = find("fstatvfs");
  private static final MemorySegment GETPGID = find("getpgid");
  private static final MemorySegment GETRLIMIT = find("getrlimit");
  private static final MemorySegment GRANTPT = find("grantpt");
  private static final MemorySegment IOCTL = find("ioctl");
  private static final MemorySegment ISATTY = find("isatty");
  private static final MemorySegment KILL = find("kill");
  private static final MemorySegment OPENAT = find("openat");
  private static final MemorySegment PIPE2 = find("pipe2");
  private static final MemorySegment POLL = find("poll");
  private static final MemorySegment POSIX_OPENPT = find("posix_openpt");
  private static final MemorySegment PRCTL = find("prctl");
  private static final MemorySegment PTHREAD_SIGMASK = find("pthread_sigmask");
  private static final MemorySegment PTSNAME_R = find("ptsname_r");
  private static final MemorySegment RAISE = find("raise");
  private static final MemorySegment READ = find("read");
  private static final MemorySegment RECV = find("recv");
  private static final MemorySegment SEND = find("send");
  private static final MemorySegment SETRLIMIT = find("setrlimit");
  private static final MemorySegment SIGACTION = find("sigaction");
  private static final MemorySegment SOCKET = find("socket");
  private static final MemorySegment SYSCALL = find("syscall");
  private static final MemorySegment TCGETATTR = find("tcgetattr");
  private static final MemorySegment TCGETPGRP = find("tcgetpgrp");
  private static final MemorySegment TCSETATTR = find("tcsetattr");
  private static final MemorySegment TCSETPGRP = find("tcsetpgrp");
  private static final MemorySegment UNLOCKPT = find("unlockpt");
  private static final MemorySegment WRITE = find("write");

  private static final long PIDFD_OPEN_CALL = 434;
  private static final long PIDFD_SEND_SIGNAL_CALL = 424;
  private static final int SIGINFO_BYTES = 128;
  private static final int SIGINFO_CODE = 8;
  private static final int SIGINFO_PID = 16;
  private static final int SIGINFO_STATUS = 24;
  private static final int RUSAGE_BYTES = 256;
  private static final int SIGACTION_BYTES = 256;
  private static final int SIGSET_BYTES = 128;
  private static final int TERMIOS_BYTES = 256;
  private static final int WINSIZE_BYTES = 8;
  private static final int TERMINAL_NAME_BYTES = 256;
  private static final int VERSION_BYTES = 256;

  private Libc() {}

  /** One descriptor to wait for, and for what. */
  record Interest(int descriptor, int events) {}

  static int close(int descriptor) {
    return call(CLOSE, descriptor, 0, 0, 0, 0, 0);
  }

  static int dup2(int from, int to) {
    return call(DUP2, from, to, 0, 0, 0, 0);
  }

  /** A duplicate, closed on exec, whose number is at least {@code lowest}. */
  static int duplicate(int descriptor, int lowest) {
    return call(FCNTL, descriptor, Platform.DUPLICATE_CLOEXEC, lowest, 0, 0, 0);
  }

  static boolean isOpen(int descriptor) {
    return call(FCNTL, descriptor, Platform.GET_DESCRIPTOR_FLAGS, 0, 0, 0, 0) >= 0;
  }

  static boolean isTerminal(int descriptor) {
    return call(ISATTY, descriptor, 0, 0, 0, 0, 0) == 1;
  }

  static int eventDescriptor() {
    return call(EVENTFD, 0, Platform.EVENTFD_NONBLOCK_CLOEXEC, 0, 0, 0, 0);
  }

  /** Opens an existing file; a relative path starts in the directory {@code at}. */
  static int open(int at, byte[] path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      // openat takes its fourth argument only to create a file, so that the plain shape fits.
      return call(OPENAT, at, text(arena, path).address(), flags, 0, 0, 0);
    }
  }

  static int access(int at, byte[] path, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      return call(FACCESSAT, at, text(arena, path).address(), mode, 0, 0, 0);
    }
  }

  static boolean isOnNoExecMount(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment facts = arena.allocate(256, 8);
      return call(FSTATVFS, descriptor, facts.address(), 0, 0, 0, 0) == 0
          && (facts.get(JAVA_LONG, Platform.STATVFS_FLAGS_OFFSET) & Platform.STATVFS_NO_EXEC) != 0;
    }
  }

  /** Reading end first, or the negative error number alone. Both ends close on exec. */
  static int[] pipe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(8, 8);
      int answer = call(PIPE2, ends.address(), Platform.OPEN_CLOEXEC, 0, 0, 0, 0);
      return answer < 0
          ? new int[] {answer}
          : new int[] {ends.get(JAVA_INT, 0), ends.get(JAVA_INT, 4)};
    }
  }

  static int read(int descriptor, byte[] into, int offset, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(length);
      int count = call(READ, descriptor, buffer.address(), length, 0, 0, 0);
      if (count > 0) {
        MemorySegment.copy(buffer, 0, MemorySegment.ofArray(into), offset, count);
      }
      return count;
    }
  }

  static int write(int descriptor, byte[] from, int offset, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(length);
      MemorySegment.copy(MemorySegment.ofArray(from), offset, buffer, 0, length);
      return call(WRITE, descriptor, buffer.address(), length, 0, 0, 0);
    }
  }

  static int socket(int family, int type, int protocol) {
    return call(SOCKET, family, type, protocol, 0, 0, 0);
  }

  /** Sends a message to whom the socket is connected. */
  static int send(int socket, byte[] message) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(message.length);
      MemorySegment.copy(MemorySegment.ofArray(message), 0, buffer, 0, message.length);
      return call(SEND, socket, buffer.address(), message.length, 0, 0, 0);
    }
  }

  /** Takes a message that is there, as far as it fits; does not wait for one. */
  static int receiveNow(int socket, byte[] into) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(into.length);
      int flags = Platform.RECEIVE_NOW;
      int count = call(RECV, socket, buffer.address(), into.length, flags, 0, 0);
      if (count > 0) {
        MemorySegment.copy(buffer, 0, MemorySegment.ofArray(into), 0, count);
      }
      return count;
    }
  }

  /**
   * Waits until one is ready; blocks. A signal to this process ends it early: the answer is then as
   * if nothing was ready.
   *
   * @param millis -1 without limit
   * @return for each interest whether it is ready; errors and hang-ups are
   */
  static boolean[] poll(Interest[] interests, int millis) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment entries = arena.allocate(8L * interests.length, 8);
      for (int i = 0; i < interests.length; i++) {
        entries.set(JAVA_INT, 8L * i, interests[i].descriptor());
        entries.set(JAVA_INT, 8L * i + 4, interests[i].events());
      }
      int answer = call(POLL, entries.address(), interests.length, millis, 0, 0, 0);
      boolean[] ready = new boolean[interests.length];
      for (int i = 0; answer > 0 && i < interests.length; i++) {
        ready[i] = entries.get(JAVA_INT, 8L * i + 4) >>> 16 != 0;
      }
      return ready;
    }
  }

  /** Sends to a process, or to a group if negative. */
  static int kill(long target, int signal) {
    return call(KILL, target, signal, 0, 0, 0, 0);
  }

  /** Sends to the calling thread, which has it delivered before this returns. */
  static int raise(int signal) {
    return call(RAISE, signal, 0, 0, 0, 0, 0);
  }

  /** The group of a process; 0 is this one. */
  static int groupOf(long pid) {
    return call(GETPGID, pid, 0, 0, 0, 0, 0);
  }

  /** A descriptor that is readable once the process has ended. */
  static int pidDescriptor(long pid) {
    return call(SYSCALL, PIDFD_OPEN_CALL, pid, 0, 0, 0, 0);
  }

  /** Sends to exactly the process that the descriptor was opened for (pidfd_send_signal(2)). */
  static int signal(int pidDescriptor, int signal) {
    return call(SYSCALL, PIDFD_SEND_SIGNAL_CALL, pidDescriptor, signal, 0, 0, 0);
  }

  /** Whether this process becomes the parent of its descendants' orphans. */
  static int adoptOrphans(boolean on) {
    return call(PRCTL, Platform.SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0, 0);
  }

  /**
   * A limit of this process (getrlimit(2)).
   *
   * @param soft the one in force
   * @param hard how far the soft one may be raised
   */
  record Limit(long soft, long hard) {}

  static Optional<Limit> limit(int resource) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(16, 8);
      return call(GETRLIMIT, resource, pair.address(), 0, 0, 0, 0) < 0
          ? Optional.empty()
          : Optional.of(new Limit(pair.get(JAVA_LONG, 0), pair.get(JAVA_LONG, 8)));
    }
  }

  static int setLimit(int resource, Limit limit) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(16, 8);
      pair.set(JAVA_LONG, 0, limit.soft());
      pair.set(JAVA_LONG, 8, limit.hard());
      return call(SETRLIMIT, resource, pair.address(), 0, 0, 0, 0);
    }
  }

  /**
   * The pid of a child that has ended and is not reaped; it stays so. 0 if none has (only with
   * {@code WAIT_NO_HANG}), or the negative error number.
   */
  static int endedChild(Platform platform, int options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(SIGINFO_BYTES, 8);
      int how = options | Platform.WAIT_EXITED | Platform.WAIT_LEAVE;
      int answer =
          call(SYSCALL, platform.waitidCall(), Platform.WAIT_ANY, 0, info.address(), how, 0);
      return answer < 0 ? answer : info.get(JAVA_INT, SIGINFO_PID);
    }
  }

  /** How a child is, or why that cannot be told. */
  sealed interface Waited {
    /** It ended; the resources are its own and those of its children that it waited for. */
    record Ended(ChildStatus status) implements Waited {}

    /** It was stopped by this signal. */
    record Stopped(int signal) implements Waited {}

    /** It is as it was (only with {@code WAIT_NO_HANG}, or after a signal to this process). */
    record Nothing() implements Waited {}

    /** It is not a child of this process, or no longer. */
    record NoChild() implements Waited {}
  }

  /** Blocks, unless the options say otherwise. */
  static Waited waitFor(Platform platform, long pid, int options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(SIGINFO_BYTES, 8);
      MemorySegment usage = arena.allocate(RUSAGE_BYTES, 8);
      int answer =
          call(
              SYSCALL,
              platform.waitidCall(),
              Platform.WAIT_BY_PID,
              pid,
              info.address(),
              options,
              usage.address());
      if (answer < 0) {
        return answer == -Errno.EINTR ? new Waited.Nothing() : new Waited.NoChild();
      }
      if (info.get(JAVA_INT, SIGINFO_PID) == 0) {
        return new Waited.Nothing();
      }
      int code = info.get(JAVA_INT, SIGINFO_CODE);
      int status = info.get(JAVA_INT, SIGINFO_STATUS);
      if (code == Platform.CHILD_STOPPED) {
        return new Waited.Stopped(status);
      }
      return new Waited.Ended(
          new ChildStatus(
              code == Platform.CHILD_EXITED ? OptionalInt.of(status) : OptionalInt.empty(),
              code == Platform.CHILD_EXITED ? OptionalInt.empty() : OptionalInt.of(status),
              code == Platform.CHILD_DUMPED,
              usage.get(JAVA_LONG, 0) * 1_000_000 + usage.get(JAVA_LONG, 8),
              usage.get(JAVA_LONG, 16) * 1_000_000 + usage.get(JAVA_LONG, 24),
              usage.get(JAVA_LONG, 32)));
    }
  }

  /** What a signal does: an opaque value to restore, made by {@link #disposition}. */
  static final class Disposition {
    private final byte[] bytes;

    private Disposition(byte[] bytes) {
      this.bytes = bytes;
    }

    private MemorySegment in(Arena arena) {
      MemorySegment segment = arena.allocate(SIGACTION_BYTES, 8);
      MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
      return segment;
    }

    boolean isIgnore() {
      return MemorySegment.ofArray(bytes).get(JAVA_LONG.withByteAlignment(1), 0)
          == Platform.SIGNAL_IGNORE;
    }

    /** Ended children vanish without a status (sigaction(2), SA_NOCLDWAIT). */
    boolean isNoChildWait() {
      int flags =
          MemorySegment.ofArray(bytes)
              .get(JAVA_INT.withByteAlignment(1), Platform.SIGACTION_FLAGS_OFFSET);
      return (flags & Platform.SIGACTION_NO_CHILD_WAIT) != 0;
    }
  }

  static Optional<Disposition> disposition(int signal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment now = arena.allocate(SIGACTION_BYTES, 8);
      if (call(SIGACTION, signal, 0, now.address(), 0, 0, 0) < 0) {
        return Optional.empty();
      }
      byte[] bytes = new byte[SIGACTION_BYTES];
      MemorySegment.copy(now, 0, MemorySegment.ofArray(bytes), 0, bytes.length);
      return Optional.of(new Disposition(bytes));
    }
  }

  /**
   * Sets {@code SIGNAL_DEFAULT} or {@code SIGNAL_IGNORE}; never a handler, as a call from a signal
   * into Java ends the JVM.
   */
  static int setDisposition(int signal, long what) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment next = arena.allocate(SIGACTION_BYTES, 8);
      next.set(JAVA_LONG, 0, what);
      return call(SIGACTION, signal, next.address(), 0, 0, 0, 0);
    }
  }

  static int restoreDisposition(int signal, Disposition disposition) {
    try (Arena arena = Arena.ofConfined()) {
      return call(SIGACTION, signal, disposition.in(arena).address(), 0, 0, 0, 0);
    }
  }

  /** Blocks or unblocks a signal in the calling thread. */
  static void maskThread(int how, int signal) {
    try (Arena arena = Arena.ofConfined()) {
      call(PTHREAD_SIGMASK, how, signalSet(arena, 1L << (signal - 1)).address(), 0, 0, 0, 0);
    }
  }

  static int foregroundGroup(int terminal) {
    return call(TCGETPGRP, terminal, 0, 0, 0, 0, 0);
  }

  static int setForegroundGroup(int terminal, long group) {
    return call(TCSETPGRP, terminal, group, 0, 0, 0, 0);
  }

  /** The terminal's settings, opaque; empty if it is none. */
  static Optional<byte[]> terminalSettings(int terminal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment settings = arena.allocate(TERMIOS_BYTES, 8);
      if (call(TCGETATTR, terminal, settings.address(), 0, 0, 0, 0) < 0) {
        return Optional.empty();
      }
      byte[] bytes = new byte[TERMIOS_BYTES];
      MemorySegment.copy(settings, 0, MemorySegment.ofArray(bytes), 0, bytes.length);
      return Optional.of(bytes);
    }
  }

  static int setTerminalSettings(int terminal, byte[] settings) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(TERMIOS_BYTES, 8);
      MemorySegment.copy(MemorySegment.ofArray(settings), 0, segment, 0, settings.length);
      return call(TCSETATTR, terminal, Platform.TERMINAL_SET_NOW, segment.address(), 0, 0, 0);
    }
  }

  /** The master of a new pseudo-terminal. */
  static int openMaster(int flags) {
    return call(POSIX_OPENPT, flags, 0, 0, 0, 0, 0);
  }

  /** Lets the other side of the pseudo-terminal be opened. */
  static int unlockSlave(int master) {
    int granted = call(GRANTPT, master, 0, 0, 0, 0, 0);
    return granted < 0 ? granted : call(UNLOCKPT, master, 0, 0, 0, 0, 0);
  }

  /** The file of the other side of the pseudo-terminal; empty if it has none. */
  static Optional<byte[]> slaveName(int master) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(TERMINAL_NAME_BYTES);
      if (call(PTSNAME_R, master, name.address(), TERMINAL_NAME_BYTES, 0, 0, 0) != 0) {
        return Optional.empty();
      }
      int length = 0;
      while (name.get(JAVA_BYTE, length) != 0) {
        length++;
      }
      byte[] bytes = new byte[length];
      MemorySegment.copy(name, 0, MemorySegment.ofArray(bytes), 0, length);
      return Optional.of(bytes);
    }
  }

  /** Columns, then rows; empty if it is no terminal. */
  static Optional<int[]> terminalSize(int terminal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(WINSIZE_BYTES, 8);
      if (call(IOCTL, terminal, Platform.TERMINAL_GET_SIZE, size.address(), 0, 0, 0) < 0) {
        return Optional.empty();
      }
      return Optional.of(
          new int[] {
            Short.toUnsignedInt(size.get(JAVA_SHORT, 2)),
            Short.toUnsignedInt(size.get(JAVA_SHORT, 0))
          });
    }
  }

  /** The kernel tells the terminal's foreground group by WINCH, if the size is another. */
  static int setTerminalSize(int terminal, int columns, int rows) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(WINSIZE_BYTES, 8);
      size.set(JAVA_SHORT, 0, (short) rows);
      size.set(JAVA_SHORT, 2, (short) columns);
      return call(IOCTL, terminal, Platform.TERMINAL_SET_SIZE, size.address(), 0, 0, 0);
    }
  }

  /** A set of signals: bit n-1 is signal n. */
  static MemorySegment signalSet(Arena arena, long mask) {
    MemorySegment set = arena.allocate(SIGSET_BYTES, 8);
    set.set(JAVA_LONG, 0, mask);
    return set;
  }

  /** The bytes, ended by a NUL. */
  static MemorySegment text(Arena arena, byte[] bytes) {
    MemorySegment segment = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
    return segment;
  }

  /** Which C library this is and its version; empty if it does not say (confstr(3)). */
  static Optional<String> version() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(VERSION_BYTES);
      return findOptional("confstr")
          .filter(
              it -> call(it, Platform.GNU_LIBC_VERSION, text.address(), VERSION_BYTES, 0, 0, 0) > 0)
          .map(_ -> text.getString(0));
    }
  }

  static Optional<MemorySegment> findOptional(String name) {
    return SYMBOLS.find(name);
  }

  static MemorySegment find(String name) {
    return findOptional(name)
        .orElseThrow(() ->
            new UnsupportedOperationException(
                "the C library has no %s: glibc 2.34 or later is needed".formatted(name)));
  }

  /** The result, or the negative error number if it is -1. All results here fit an int. */
  static int call(MemorySegment function, long a, long b, long c, long d, long e, long f) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) (long) PLAIN.invokeExact(function, state, a, b, c, d, e, f);
      return result == -1 ? -state.get(JAVA_INT, ERRNO) : result;
    } catch (Throwable unexpected) {
      throw unexpected(unexpected);
    }
  }

  /** A downcall itself throws nothing checked. */
  private static RuntimeException unexpected(Throwable problem) {
    if (problem instanceof Error error) {
      throw error;
    }
    return problem instanceof RuntimeException known ? known : new IllegalStateException(problem);
  }
}
