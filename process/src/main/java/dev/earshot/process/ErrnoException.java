package dev.earshot.process;

import java.io.IOException;

/** A call of the system failed; the message says what, and the name of the error. */
final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  ErrnoException(String what, int errno) {
    super(what + ": " + Errno.name(errno));
    this.errno = errno;
  }

  int errno() {
    return errno;
  }
}
