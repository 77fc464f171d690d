package dev.earshot.process;

import java.util.Locale;

/**
 * The numbers of the operating system: one table, so that another system is another row. What is
 * the same on every Linux is a constant; what differs between processors is a component.
 *
 * @param openDirectory {@code O_DIRECTORY}
 * @param waitidCall the number of the system call {@code waitid}, which also tells the resources
 *     used (the C function does not)
 */
record Platform(int openDirectory, long waitidCall) {
  static final int OPEN_READ_ONLY = 0;
  static final int OPEN_READ_WRITE = 2;
  static final int OPEN_NO_TERMINAL = 0x100;
  static final int OPEN_NONBLOCK = 0x800;
  static final int OPEN_CLOEXEC = 0x80000;
  static final int OPEN_PATH = 0x200000;
  static final int EVENTFD_NONBLOCK_CLOEXEC = OPEN_NONBLOCK | OPEN_CLOEXEC;

  static final int GET_DESCRIPTOR_FLAGS = 1;
  static final int DUPLICATE_CLOEXEC = 1030;
  static final int AT_CURRENT_DIRECTORY = -100;
  static final int ACCESS_EXISTS = 0;

  static final int POLL_IN = 1;
  static final int POLL_OUT = 4;

  static final int NETLINK = 16;
  static final int NETLINK_SOCK_DIAG = 4;
  static final int SOCKET_RAW = 3;
  static final int RECEIVE_NOW = 0x40;

  static final int SPAWN_SET_GROUP = 2;
  static final int SPAWN_SET_DEFAULT_SIGNALS = 4;
  static final int SPAWN_SET_SIGNAL_MASK = 8;
  static final int SPAWN_NEW_SESSION = 0x80;

  static final int SET_CHILD_SUBREAPER = 36;

  /** {@code RLIMIT_LOCKS}: Linux has not looked at it since 2.4.25 (getrlimit(2)). */
  static final int LIMIT_FILE_LOCKS = 10;

  static final int LIMIT_OPEN_FILES = 7;

  static final int WAIT_ANY = 0;
  static final int WAIT_BY_PID = 1;
  static final int WAIT_NO_HANG = 1;
  static final int WAIT_STOPPED = 2;
  static final int WAIT_EXITED = 4;
  static final int WAIT_LEAVE = 0x01000000;
  static final int CHILD_EXITED = 1;
  static final int CHILD_DUMPED = 3;
  static final int CHILD_STOPPED = 5;

  static final long SIGNAL_DEFAULT = 0;
  static final long SIGNAL_IGNORE = 1;
  static final int SIGACTION_FLAGS_OFFSET = 136;
  static final int SIGACTION_NO_CHILD_WAIT = 2;
  static final int MASK_BLOCK = 0;
  static final int MASK_UNBLOCK = 1;

  static final long TERMINAL_SET_NOW = 0;
  static final long TERMINAL_GET_SIZE = 0x5413;
  static final long TERMINAL_SET_SIZE = 0x5414;

  /** The name of {@code _CS_GNU_LIBC_VERSION}. */
  static final int GNU_LIBC_VERSION = 2;

  static final int STATVFS_FLAGS_OFFSET = 72;
  static final long STATVFS_NO_EXEC = 8;

  /** The row for this machine; an {@link UnsupportedOperationException} says what it would need. */
  static Platform current() {
    return of(System.getProperty("os.name", "?"), System.getProperty("os.arch", "?"));
  }

  static Platform of(String system, String processor) {
    if (system.toLowerCase(Locale.ROOT).equals("linux")) {
      switch (processor) {
        case "amd64", "x86_64" -> {
          return new Platform(0x10000, 247);
        }
        case "aarch64" -> {
          return new Platform(0x4000, 95);
        }
        default -> {}
      }
    }
    throw new UnsupportedOperationException(
        "cannot control processes on %s (%s): Linux on x86-64 or aarch64 is needed"
            .formatted(system, processor));
  }
}
