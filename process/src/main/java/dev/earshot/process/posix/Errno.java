package dev.earshot.process.posix;

/** The errors of Linux that are told apart here (errno(3)), by name. */
public enum Errno {
  EPERM(1),
  ENOENT(2),
  ESRCH(3),
  EINTR(4),
  EIO(5),
  E2BIG(7),
  ENOEXEC(8),
  EBADF(9),
  ECHILD(10),
  EAGAIN(11),
  ENOMEM(12),
  EACCES(13),
  EBUSY(16),
  ENOTDIR(20),
  EISDIR(21),
  EINVAL(22),
  ENFILE(23),
  EMFILE(24),
  ENOTTY(25),
  ETXTBSY(26),
  EPIPE(32),
  ENAMETOOLONG(36),
  ENOSYS(38),
  ELOOP(40),
  ELIBBAD(80);

  private final int number;

  Errno(int number) {
    this.number = number;
  }

  /** The error's number. */
  public int number() {
    return number;
  }

  /** The name of an error, or {@code errno N} for one that is not in this list. */
  public static String name(int number) {
    for (Errno errno : values()) {
      if (errno.number == number) {
        return errno.name();
      }
    }
    return "errno " + number;
  }
}
