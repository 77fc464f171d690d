package dev.earshot.session;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Which process has a socket open: its inode is behind one of the links in {@code /proc/PID/fd}.
 * Remembers every socket it comes across, at most 16,384, so that one look at a process with many
 * connections serves all of them. Safe for use by several threads.
 */
final class SocketHolders {
  private static final int MOST = 16_384;

  private final ProcFiles proc;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Long, Holder> seen = new LinkedHashMap<>(); // guarded by lock

  SocketHolders(ProcFiles proc) {
    this.proc = proc;
  }

  private record Holder(long pid, int descriptor) {}

  /** The holder by memory, which is verified: a descriptor may be closed, or passed on. */
  Optional<Long> remembered(long inode) {
    Holder holder;
    lock.lock();
    try {
      holder = seen.get(inode);
    } finally {
      lock.unlock();
    }
    return Optional.ofNullable(holder)
        .filter(it -> proc.socket(it.pid(), it.descriptor()).equals(OptionalLong.of(inode)))
        .map(Holder::pid);
  }

  /**
   * Looks at processes, in their order, until one has the socket.
   *
   * @param deadline in {@link System#nanoTime}, after which it is given up
   */
  Optional<Long> among(Iterable<Long> pids, long inode, long deadline) {
    for (long pid : pids) {
      if (deadline - System.nanoTime() <= 0) {
        return Optional.empty();
      }
      Map<Long, Integer> sockets = proc.sockets(pid);
      remember(pid, sockets);
      if (sockets.containsKey(inode)) {
        return Optional.of(pid);
      }
    }
    return Optional.empty();
  }

  /** The last one seen is the one remembered, the longest known are forgotten. */
  private void remember(long pid, Map<Long, Integer> sockets) {
    lock.lock();
    try {
      sockets.forEach((inode, descriptor) -> {
        seen.remove(inode);
        seen.put(inode, new Holder(pid, descriptor));
      });
      var oldest = seen.keySet().iterator();
      for (int surplus = seen.size() - MOST; surplus > 0; surplus--) {
        oldest.next();
        oldest.remove();
      }
    } finally {
      lock.unlock();
    }
  }
}
