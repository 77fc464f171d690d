package dev.earshot.process.posix;

/**
 * Numbers and sizes of Linux with glibc, the same on x86-64 and AArch64 unless they are methods. A
 * further system gets a table of its own.
 */
final class Constants {
  // spawn.h
  static final int POSIX_SPAWN_SETPGROUP = 0x02;
  static final int POSIX_SPAWN_SETSIGDEF = 0x04;
  static final int POSIX_SPAWN_SETSIGMASK = 0x08;
  static final long SPAWN_ATTRIBUTES_SIZE = 512; // 336 in glibc 2.36, with room to grow
  static final long FILE_ACTIONS_SIZE = 256; // 80

  // signal.h
  static final long SIGSET_SIZE = 128;
  static final long SIGACTION_SIZE = 160; // 152: handler, mask, flags, restorer
  static final long SIG_DFL = 0;
  static final long SIG_IGN = 1;
  static final int SIG_UNBLOCK = 1;
  static final int LAST_SIGNAL = 64;

  // fcntl.h
  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_NOCTTY = 0x100;
  static final int O_CLOEXEC = 0x80000;
  static final int F_GETFD = 1;
  static final int F_DUPFD_CLOEXEC = 1030;

  // sys/wait.h
  static final int P_PID = 1;
  static final int WNOHANG = 1;
  static final int WSTOPPED = 2;
  static final int WEXITED = 4;
  static final int WCONTINUED = 8;
  static final int WNOWAIT = 0x1000000;
  static final long SIGINFO_SIZE = 128;
  static final long SIGINFO_CODE = 8;
  static final long SIGINFO_PID = 16;
  static final long SIGINFO_STATUS = 24;
  static final int CLD_EXITED = 1;
  static final int CLD_KILLED = 2;
  static final int CLD_DUMPED = 3;
  static final int CLD_STOPPED = 5;
  static final int CLD_CONTINUED = 6;

  // sys/resource.h
  static final long RUSAGE_SIZE = 144;
  static final long RUSAGE_USER = 0; // struct timeval: seconds, microseconds
  static final long RUSAGE_SYSTEM = 16;
  static final long RUSAGE_MAXRSS = 32; // KiB

  // poll.h
  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  static final int POLLFD_SIZE = 8;

  // termios.h
  static final int TCSADRAIN = 1;
  static final long TERMIOS_SIZE = 128; // 60

  static final int SYS_PIDFD_SEND_SIGNAL = 424;
  static final int SYS_PIDFD_OPEN = 434;

  private Constants() {}

  /** The number of waitid(2), of which the library's function hides the resource usage. */
  static int sysWaitid() {
    return System.getProperty("os.arch").equals("aarch64") ? 95 : 247;
  }
}
