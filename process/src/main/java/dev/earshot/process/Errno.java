package dev.earshot.process;

import java.util.Map;

/** The error numbers of Linux that this package meets or tests, and the names of the others. */
final class Errno {
  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int ESRCH = 3;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int ENXIO = 6;
  static final int E2BIG = 7;
  static final int ENOEXEC = 8;
  static final int EBADF = 9;
  static final int ECHILD = 10;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int ENODEV = 19;
  static final int ENOTDIR = 20;
  static final int EINVAL = 22;
  static final int ENFILE = 23;
  static final int EMFILE = 24;
  static final int ENOTTY = 25;
  static final int ETXTBSY = 26;
  static final int ENOSPC = 28;
  static final int EPIPE = 32;
  static final int ENAMETOOLONG = 36;
  static final int ELOOP = 40;
  static final int EILSEQ = 84;
  static final int ETIMEDOUT = 110;
  static final int ESTALE = 116;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(EPERM, "EPERM"),
          Map.entry(ENOENT, "ENOENT"),
          Map.entry(ESRCH, "ESRCH"),
          Map.entry(EINTR, "EINTR"),
          Map.entry(EIO, "EIO"),
          Map.entry(ENXIO, "ENXIO"),
          Map.entry(E2BIG, "E2BIG"),
          Map.entry(ENOEXEC, "ENOEXEC"),
          Map.entry(EBADF, "EBADF"),
          Map.entry(ECHILD, "ECHILD"),
          Map.entry(EAGAIN, "EAGAIN"),
          Map.entry(ENOMEM, "ENOMEM"),
          Map.entry(EACCES, "EACCES"),
          Map.entry(14, "EFAULT"),
          Map.entry(16, "EBUSY"),
          Map.entry(17, "EEXIST"),
          Map.entry(ENODEV, "ENODEV"),
          Map.entry(ENOTDIR, "ENOTDIR"),
          Map.entry(21, "EISDIR"),
          Map.entry(EINVAL, "EINVAL"),
          Map.entry(ENFILE, "ENFILE"),
          Map.entry(EMFILE, "EMFILE"),
          Map.entry(ENOTTY, "ENOTTY"),
          Map.entry(ETXTBSY, "ETXTBSY"),
          Map.entry(27, "EFBIG"),
          Map.entry(ENOSPC, "ENOSPC"),
          Map.entry(30, "EROFS"),
          Map.entry(EPIPE, "EPIPE"),
          Map.entry(35, "EDEADLK"),
          Map.entry(ENAMETOOLONG, "ENAMETOOLONG"),
          Map.entry(38, "ENOSYS"),
          Map.entry(ELOOP, "ELOOP"),
          Map.entry(80, "ELIBBAD"),
          Map.entry(EILSEQ, "EILSEQ"),
          Map.entry(104, "ECONNRESET"),
          Map.entry(ETIMEDOUT, "ETIMEDOUT"),
          Map.entry(ESTALE, "ESTALE"),
          Map.entry(122, "EDQUOT"));

  private Errno() {}

  /** Such as {@code ENOENT}; {@code errno 999} for a number without a name here. */
  static String name(int errno) {
    return NAMES.getOrDefault(errno, "errno " + errno);
  }
}
