package dev.earshot.session;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.session.SocketOwner.Allowed;
import dev.earshot.session.SocketOwner.OtherUser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Finds the process at the other end of a loopback TCP connection, on Linux: its user and inode in
 * {@code /proc/net/tcp} and {@code tcp6}, then the process that has a descriptor of that inode
 * (proc(5)). Looks first at the session's own processes, which takes about a millisecond for a
 * small tree, then at the others.
 *
 * <p>A connection is refused if its user is another, and also if its row is gone or nobody has it
 * open: its process has closed it since, cannot read an answer, and its user cannot be known any
 * more (the kernel shows user 0). Serving it would let another user send requests with our user's
 * credentials by closing quickly. Where there are no tables at all, every connection is allowed and
 * unknown.
 *
 * <p>Bounded: a table is read up to 16 MiB, twice if the row is missing, as a table that changes
 * while it is read may skip one; the search for the process ends after {@link #SEARCH_TIME}. It
 * blocks on {@code /proc} only. Safe for use by several threads.
 */
public final class SocketOwners {
  /** How long the search for a process may take; after that it is unknown. */
  public static final Duration SEARCH_TIME = Duration.ofMillis(500);

  private static final int LARGEST_TABLE = 16 * 1024 * 1024;
  private static final int LOOKS = 2;
  private static final int MOST_DESCENDANTS = 10_000;
  private static final Pattern PID = Pattern.compile("[1-9][0-9]{0,9}");

  private final Path proc;
  private final long ourUid;
  private final Supplier<? extends Collection<Long>> roots;
  private final LongPredicate marked;

  /**
   * Owners as the session sees them. The user that is ours is the effective one of this process.
   *
   * @param roots the pids from which the session's tree hangs, asked at every search; the process
   *     groups that they lead belong to it too
   * @param marked whether a process that does not hang from them belongs to the tree all the same
   */
  public SocketOwners(Supplier<? extends Collection<Long>> roots, LongPredicate marked) {
    this(Path.of("/proc"), effectiveUid(Path.of("/proc/self/status")), roots, marked);
  }

  SocketOwners(
      Path proc, long ourUid, Supplier<? extends Collection<Long>> roots, LongPredicate marked) {
    this.proc = proc;
    this.ourUid = ourUid;
    this.roots = roots;
    this.marked = marked;
  }

  /**
   * Who made a connection. Ask when it is accepted, before its client can be gone. Never throws.
   *
   * @param client the client's end
   * @param listener the end that was connected to
   */
  public SocketOwner of(InetSocketAddress client, InetSocketAddress listener) {
    boolean tables = false;
    Optional<TcpTable.Row> row = Optional.empty();
    for (int look = 0; look < LOOKS && row.isEmpty(); look++) {
      for (String name : List.of("net/tcp", "net/tcp6")) {
        Optional<String> table = row.isEmpty() ? read(proc.resolve(name)) : Optional.empty();
        tables |= table.isPresent();
        row =
            row.or(() ->
                table.flatMap(
                    text -> TcpTable.find(text, client, listener, ByteOrder.nativeOrder())));
      }
    }
    return tables ? decide(row) : new Allowed(ClientProcess.UNKNOWN);
  }

  /** The process that listens at exactly this address; empty if nobody does. Never throws. */
  public Optional<ClientProcess> listener(InetSocketAddress address) {
    for (String name : List.of("net/tcp", "net/tcp6")) {
      Optional<TcpTable.Row> row =
          read(proc.resolve(name))
              .flatMap(text -> TcpTable.listener(text, address, ByteOrder.nativeOrder()));
      if (row.isPresent()) {
        return Optional.of(search(row.get().inode()));
      }
    }
    return Optional.empty();
  }

  private SocketOwner decide(Optional<TcpTable.Row> row) {
    if (row.isEmpty() || row.get().inode() == 0) {
      return new OtherUser(OptionalLong.empty());
    }
    long uid = row.get().uid();
    return uid == ourUid
        ? new Allowed(search(row.get().inode()))
        : new OtherUser(OptionalLong.of(uid));
  }

  private ClientProcess search(long inode) {
    long deadline = System.nanoTime() + SEARCH_TIME.toNanos();
    Set<Long> roots = Set.copyOf(this.roots.get());
    Set<Long> descendants = descendants(roots, deadline);
    Optional<Long> found = holder(descendants, inode, deadline);
    if (found.isPresent()) {
      return process(found.get(), true);
    }
    Set<Long> others = new LinkedHashSet<>(pids());
    others.removeAll(descendants);
    return holder(others, inode, deadline)
        .map(pid -> process(pid, inGroupOf(roots, pid) || marked.test(pid)))
        .orElse(ClientProcess.UNKNOWN);
  }

  /** The roots and what hangs from them; every thread of a process has children of its own. */
  private Set<Long> descendants(Set<Long> roots, long deadline) {
    Set<Long> seen = new LinkedHashSet<>(roots);
    Deque<Long> open = new ArrayDeque<>(roots);
    while (!open.isEmpty() && seen.size() < MOST_DESCENDANTS && before(deadline)) {
      Path tasks = proc.resolve(String.valueOf(open.remove())).resolve("task");
      for (Path task : list(tasks)) {
        for (String child : read(task.resolve("children")).orElse("").split("\\s+", -1)) {
          if (PID.matcher(child).matches() && seen.add(Long.valueOf(child))) {
            open.add(Long.valueOf(child));
          }
        }
      }
    }
    return seen;
  }

  private Optional<Long> holder(Collection<Long> pids, long inode, long deadline) {
    String link = "socket:[" + inode + "]";
    for (long pid : pids) {
      if (!before(deadline)) {
        return Optional.empty();
      }
      for (Path descriptor : list(proc.resolve(String.valueOf(pid)).resolve("fd"))) {
        if (link.equals(target(descriptor))) {
          return Optional.of(pid);
        }
      }
    }
    return Optional.empty();
  }

  private List<Long> pids() {
    return list(proc).stream()
        .map(entry -> String.valueOf(entry.getFileName()))
        .filter(name -> PID.matcher(name).matches())
        .map(Long::valueOf)
        .toList();
  }

  private ClientProcess process(long pid, boolean owned) {
    Optional<String> name =
        read(proc.resolve(String.valueOf(pid)).resolve("comm")).map(String::stripTrailing);
    return new ClientProcess(OptionalLong.of(pid), name, owned);
  }

  /** The name in a stat line may hold anything, so fields count from its last parenthesis. */
  private boolean inGroupOf(Set<Long> roots, long pid) {
    String stat = read(proc.resolve(String.valueOf(pid)).resolve("stat")).orElse("");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", 4);
    return fields.length > 2
        && PID.matcher(fields[2]).matches()
        && roots.contains(Long.valueOf(fields[2]));
  }

  private static boolean before(long deadline) {
    return deadline - System.nanoTime() > 0;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException gone) {
      return "";
    }
  }

  private static List<Path> list(Path directory) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      List<Path> list = new ArrayList<>();
      entries.forEach(list::add);
      return list;
    } catch (IOException | DirectoryIteratorException goneOrNotOurs) {
      return List.of();
    }
  }

  private static Optional<String> read(Path file) {
    try (var in = Files.newInputStream(file)) {
      return Optional.of(new String(in.readNBytes(LARGEST_TABLE), StandardCharsets.ISO_8859_1));
    } catch (IOException goneOrAbsent) {
      return Optional.empty();
    }
  }

  /** The second number of the line "Uid:": real, effective, saved, file system (proc(5)). */
  private static long effectiveUid(Path status) {
    try (var lines = Files.lines(status, StandardCharsets.ISO_8859_1)) {
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
