package dev.earshot.session;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/** The processes of a session's tree, as {@code /proc} shows them at a moment. */
final class SessionProcesses {
  private static final int MOST = 10_000;

  private final ProcFiles proc;
  private final Supplier<? extends Collection<Long>> roots;
  private final LongPredicate marked;
  private final long self = ProcessHandle.current().pid();

  /** The tree of a session of this machine, as below. */
  SessionProcesses(Supplier<? extends Collection<Long>> roots, LongPredicate marked) {
    this(new ProcFiles(Path.of("/proc")), roots, marked);
  }

  /**
   * The tree of a session.
   *
   * @param roots the pids from which it hangs, asked at every look; the process groups that they
   *     lead belong to it too
   * @param marked whether a process that does not hang from them belongs to it all the same
   */
  SessionProcesses(
      ProcFiles proc, Supplier<? extends Collection<Long>> roots, LongPredicate marked) {
    this.proc = proc;
    this.roots = roots;
    this.marked = marked;
  }

  /**
   * The roots, the orphans that this process has adopted from them, and what hangs from those,
   * parents before their children: at most 10,000. Where orphans are not adopted, one is not among
   * them, but a {@linkplain #has member}.
   *
   * @param deadline in {@link System#nanoTime}, after which it looks no further
   */
  Set<Long> hanging(long deadline) {
    Set<Long> seen = new LinkedHashSet<>(roots.get());
    proc.adopted(self).stream().filter(marked::test).forEach(seen::add);
    Deque<Long> open = new ArrayDeque<>(seen);
    while (!open.isEmpty() && seen.size() < MOST && deadline - System.nanoTime() > 0) {
      for (long child : proc.children(open.remove())) {
        if (seen.add(child)) {
          open.add(child);
        }
      }
    }
    return seen;
  }

  /** Whether one that does not hang from the roots belongs to the tree. */
  boolean has(long pid) {
    OptionalLong group = proc.group(pid);
    return (group.isPresent() && roots.get().contains(group.getAsLong())) || marked.test(pid);
  }

  ProcFiles files() {
    return proc;
  }
}
