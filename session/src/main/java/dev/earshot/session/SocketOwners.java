package dev.earshot.session;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.session.SocketOwner.Allowed;
import dev.earshot.session.SocketOwner.Gone;
import dev.earshot.session.SocketOwner.OtherUser;
import dev.earshot.session.SocketTable.Told;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/**
 * Finds the process at the other end of a loopback TCP connection, on Linux: its user and inode by
 * asking the kernel (sock_diag(7)), or in {@code /proc/net/tcp} and {@code tcp6} where it may not
 * be asked; then the process that has a descriptor of that inode (proc(5)). Looks first at the
 * processes whose connections it found last, then at the session's own, then at all others.
 *
 * <p>A connection that nobody has open any more has no owner who could be known (the kernel shows
 * user 0). It must not be served: another user could send requests with our user's credentials by
 * closing quickly. Where nothing tells of connections, every one is allowed and unknown.
 *
 * <p>Bounded: the search for the process ends after {@link #SEARCH_TIME}. It blocks on {@code
 * /proc} only. Safe for use by several threads.
 */
public final class SocketOwners {
  /** How long the search for a process may take; after that it is unknown. */
  public static final Duration SEARCH_TIME = Duration.ofSeconds(2);

  private static final int MOST_RECENT = 32;

  private final ProcFiles proc;
  private final SocketTable table;
  private final long ourUid;
  private final SessionProcesses tree;
  private final SocketHolders holders;
  private final ReentrantLock lock = new ReentrantLock();

  /** Whose connections were found last, the last one at the end. Guarded by lock. */
  private final Map<Long, Known> recent = new LinkedHashMap<>();

  /**
   * Owners as the session sees them. The user that is ours is the effective one of this process.
   *
   * @param roots the pids from which the session's tree hangs, asked at every search; the process
   *     groups that they lead belong to it too
   * @param marked whether a process that does not hang from them belongs to the tree all the same
   */
  public SocketOwners(Supplier<? extends Collection<Long>> roots, LongPredicate marked) {
    this(
        new ProcFiles(Path.of("/proc")),
        new KernelSocketTable(new ProcSocketTable(new ProcFiles(Path.of("/proc")))),
        effectiveUid(),
        roots,
        marked);
  }

  SocketOwners(
      ProcFiles proc,
      SocketTable table,
      long ourUid,
      Supplier<? extends Collection<Long>> roots,
      LongPredicate marked) {
    this.proc = proc;
    this.table = table;
    this.ourUid = ourUid;
    this.tree = new SessionProcesses(proc, roots, marked);
    this.holders = new SocketHolders(proc);
  }

  /** A process for good, and whether it is of the session's tree. */
  private record Known(OptionalLong start, boolean owned) {}

  /**
   * Who made a connection. Ask when it is accepted, before its client can be gone. Never throws.
   *
   * @param client the client's end
   * @param listener the end that was connected to
   */
  public SocketOwner of(InetSocketAddress client, InetSocketAddress listener) {
    return switch (table.of(client, listener)) {
      case Told.Untold() -> new Allowed(ClientProcess.UNKNOWN);
      case Told.Missing() -> new Gone();
      case Told.There(_, long inode) when inode == 0 -> new Gone();
      case Told.There(long uid, long inode) ->
          uid == ourUid ? new Allowed(search(inode)) : new OtherUser(uid);
    };
  }

  /** The process that listens at exactly this address; empty if nobody does. Never throws. */
  public Optional<ClientProcess> listener(InetSocketAddress address) {
    return new ProcSocketTable(proc).listener(address).map(this::search);
  }

  private ClientProcess search(long inode) {
    long deadline = System.nanoTime() + SEARCH_TIME.toNanos();
    Optional<Long> again =
        holders.remembered(inode).or(() -> holders.among(recentPids(), inode, deadline));
    Optional<ClientProcess> known = again.flatMap(this::known);
    if (known.isPresent()) {
      return known.get();
    }
    Set<Long> hanging = tree.hanging(deadline);
    Optional<Long> found = again.or(() -> holders.among(hanging, inode, deadline));
    if (found.isEmpty()) {
      Set<Long> others = new LinkedHashSet<>(proc.pids());
      others.removeAll(hanging);
      found = holders.among(others, inode, deadline);
    }
    return found
        .map(pid -> process(pid, hanging.contains(pid) || tree.has(pid)))
        .orElse(ClientProcess.UNKNOWN);
  }

  /** The last one first. */
  private List<Long> recentPids() {
    lock.lock();
    try {
      return new ArrayList<>(recent.keySet()).reversed();
    } finally {
      lock.unlock();
    }
  }

  /** What was found out about a process, if that is still it. */
  private Optional<ClientProcess> known(long pid) {
    Known known;
    lock.lock();
    try {
      known = recent.get(pid);
    } finally {
      lock.unlock();
    }
    return known != null && known.start().isPresent() && known.start().equals(proc.start(pid))
        ? Optional.of(process(pid, known.owned()))
        : Optional.empty();
  }

  private ClientProcess process(long pid, boolean owned) {
    var known = new Known(proc.start(pid), owned);
    lock.lock();
    try {
      recent.remove(pid);
      recent.put(pid, known);
      if (recent.size() > MOST_RECENT) {
        recent.remove(recent.keySet().iterator().next());
      }
    } finally {
      lock.unlock();
    }
    return new ClientProcess(OptionalLong.of(pid), proc.name(pid), owned);
  }

  /** The second number of the line "Uid:": real, effective, saved, file system (proc(5)). */
  static long effectiveUid() {
    try (var lines = Files.lines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
      return lines
          .filter(line -> line.startsWith("Uid:"))
          .map(line -> Long.parseLong(line.split("\\s+", -1)[2]))
          .findFirst()
          .orElse(-1L);
    } catch (IOException | UncheckedIOException noProc) {
      return -1;
    }
  }
}
