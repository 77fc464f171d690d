package dev.earshot.process;

import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.process.ProcessTable.Identity;
import java.util.Optional;
import java.util.function.Predicate;

/** Signals one process, and nobody who has its number by now. */
final class ExactSignal {
  private ExactSignal() {}

  /**
   * Sends by a descriptor that was opened before the process was looked at again.
   *
   * @param still asked about the process as it is now, once it is known to be the same
   * @return whether it was sent
   */
  static boolean send(Identity target, Signal signal, Predicate<Entry> still) {
    int descriptor = Libc.pidDescriptor(target.pid());
    if (descriptor == -Errno.ESRCH) {
      return false;
    }
    try {
      Optional<Entry> same =
          ProcessTable.of(target.pid()).filter(now -> now.identity().equals(target)).filter(still);
      if (same.isEmpty()) {
        return false;
      }
      // Without a descriptor, because none is free, the number has to do.
      return descriptor >= 0
          ? Libc.signal(descriptor, signal.number()) == 0
          : Libc.kill(target.pid(), signal.number()) == 0;
    } finally {
      if (descriptor >= 0) {
        Libc.close(descriptor);
      }
    }
  }
}
