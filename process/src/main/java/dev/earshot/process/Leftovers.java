package dev.earshot.process;

import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.process.ProcessTable.Identity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * What is left of the trees of a containment whose process and guardian were killed: found by its
 * marks, from outside. Only for a containment that is known to be dead. Not thread-safe.
 */
public final class Leftovers {
  /** By what a process is known to belong to the containment. */
  public enum Sign {
    /** Its limit of file locks. */
    LIMIT,
    /** Its variable {@code EARSHOT_MARK}. */
    VARIABLE,
    /** It lost both, and hangs from one that has not. */
    DESCENDANT;

    /** The name in messages: lower case. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What may be done with a process that was found. */
  public enum Standing {
    /** It may be ended. */
    OURS,
    /** It, or what it hangs from, may live on. */
    KEPT,
    /** Its real user is not the user of this process: that it has the mark proves nothing. */
    OTHER_USER,
    /** This process hangs from it. */
    RUNS_US
  }

  /** What became of a control group. */
  public enum GroupEnd {
    GONE,
    /** It is not what a containment of this name would have made. */
    NOT_OURS,
    /** There are processes in it that may not be ended. */
    BUSY
  }

  /**
   * A living process.
   *
   * @param name at most 15 bytes
   * @param start when it started, in clock ticks since the machine did
   * @param user its real user's number
   */
  public record Found(
      long pid, String name, long start, long user, Set<Sign> signs, Standing standing) {
    public Found {
      signs = Set.copyOf(signs);
    }

    private Identity identity() {
      return new Identity(pid, start);
    }

    private boolean isMarked() {
      return !signs.contains(Sign.DESCENDANT);
    }
  }

  /**
   * How the end went.
   *
   * @param killed those that were killed and are gone
   * @param left those that are there, whether they may be ended or not
   */
  public record Ended(List<Found> killed, List<Found> left) {
    /** Nothing was there. */
    public static final Ended NOTHING = new Ended(List.of(), List.of());

    public Ended {
      killed = List.copyOf(killed);
      left = List.copyOf(left);
    }
  }

  /**
   * The marks of a process.
   *
   * @param foreign it has those of another containment and none of this
   */
  record Marks(Set<Sign> signs, boolean foreign) {}

  private static final long UNKNOWN_USER = -1;

  /** After these looks in a row that find nothing, there is nothing. */
  private static final int QUIET_LOOKS = 2;

  private static final int DEEPEST = 10_000;
  private static final long BETWEEN_LOOKS = Duration.ofMillis(5).toNanos();
  private static final Duration GROUP_PATIENCE = Duration.ofMillis(500);

  private final Mark mark;
  private final List<KeepPattern> keep;
  private final Set<Identity> commands;
  private final long self = ProcessHandle.current().pid();
  private final long ownUser = userOf(self);

  private Leftovers(Mark mark, List<KeepPattern> keep, Set<Identity> commands) {
    this.mark = mark;
    this.keep = List.copyOf(keep);
    this.commands = Set.copyOf(commands);
  }

  /**
   * Those of a containment.
   *
   * @param id as in its {@link Containment.Plan}
   * @param keep what may live on, as there
   */
  public static Leftovers of(String id, List<KeepPattern> keep) {
    return new Leftovers(Mark.of(id), keep, Set.of());
  }

  /** The same, where this process was started as the command of a run, which never may live on. */
  public Leftovers withCommand(long pid, long start) {
    Set<Identity> all = new HashSet<>(commands);
    all.add(new Identity(pid, start));
    return new Leftovers(mark, keep, all);
  }

  /** The digits that the marks of its runs share. */
  public static String digits(String id) {
    return Mark.of(id).prefix();
  }

  /**
   * All that live now: never this process, nor what hangs from it, nor a zombie. Of a process of
   * another user only the limit can be read.
   */
  public List<Found> find() {
    return decide(
        ProcessTable.all(),
        self,
        ownUser,
        each -> marks(each.pid()),
        each -> userOf(each.pid()),
        each -> matches(each));
  }

  /**
   * Kills them, without asking: whoever could have ended them in order is dead. They are stopped
   * first, once, so that a parent that is killed does not hide a child without a mark; then killed
   * until two looks find none. Each is looked at again just before its signal.
   *
   * @param patience after this time what lives is left, and told
   */
  public Ended end(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    Map<Identity, Found> killed = new LinkedHashMap<>();
    signal(find(), Signal.STOP);
    List<Found> found = find();
    int quiet = 0;
    while (true) {
      List<Found> sent = signal(found, Signal.KILL);
      sent.forEach(each -> killed.put(each.identity(), each));
      quiet = hasOurs(found) ? 0 : quiet + 1;
      if (quiet == QUIET_LOOKS || deadline - System.nanoTime() < 0) {
        break;
      }
      LockSupport.parkNanos(BETWEEN_LOOKS);
      found = find();
    }
    found.forEach(each -> killed.remove(each.identity()));
    return new Ended(List.copyOf(killed.values()), found);
  }

  private static boolean hasOurs(List<Found> found) {
    return found.stream().anyMatch(each -> each.standing() == Standing.OURS);
  }

  /** From the leaves up, so that a parent is there when its child is asked whose it is. */
  private List<Found> signal(List<Found> found, Signal signal) {
    List<Found> sent = new ArrayList<>();
    for (Found each : found.reversed()) {
      if (each.standing() == Standing.OURS
          && ExactSignal.send(each.identity(), signal, now -> isStillOurs(each, now))) {
        sent.add(each);
      }
    }
    return sent;
  }

  private boolean isStillOurs(Found each, Entry now) {
    return now.isAlive()
        && userOf(each.pid()) == ownUser
        && (each.isMarked() ? !mark.signsOn(each.pid()).isEmpty() : hangsFromMarked(now));
  }

  /** At this moment. */
  private boolean hangsFromMarked(Entry child) {
    Optional<Entry> at = ProcessTable.of(child.parent());
    for (int depth = 0; depth < DEEPEST && at.isPresent() && at.get().pid() > 1; depth++) {
      Marks marks = marks(at.get().pid());
      if (!marks.signs().isEmpty()) {
        return true;
      }
      if (marks.foreign() || at.get().pid() == self) {
        return false;
      }
      at = ProcessTable.of(at.get().parent());
    }
    return false;
  }

  private Marks marks(long pid) {
    Set<Sign> signs = mark.signsOn(pid);
    return new Marks(signs, signs.isEmpty() && Mark.isOnAny(pid));
  }

  private boolean matches(Entry each) {
    return !keep.isEmpty()
        && !commands.contains(each.identity())
        && keep.stream()
            .anyMatch(one -> one.matches(each.name(), KeepPattern.commandLine(each.pid())));
  }

  /**
   * Which of all processes are leftovers, parents before their children without a mark.
   *
   * @param marks asked about every process that lives
   * @param user asked about those that are left over
   * @param keep whether one may live on
   */
  static List<Found> decide(
      List<Entry> all,
      long self,
      long ownUser,
      Function<Entry, Marks> marks,
      ToLongFunction<Entry> user,
      Predicate<Entry> keep) {
    Map<Long, List<Entry>> children = new HashMap<>();
    Map<Entry, Marks> known = new LinkedHashMap<>();
    for (Entry each : all) {
      children.computeIfAbsent(each.parent(), _ -> new ArrayList<>()).add(each);
      if (each.isAlive() && each.pid() != self) {
        known.put(each, marks.apply(each));
      }
    }
    Set<Entry> members = new LinkedHashSet<>();
    known.forEach((each, has) -> {
      if (!has.signs().isEmpty()) {
        members.add(each);
      }
    });
    // A process of another containment, and what hangs from it, is for that one to end.
    addDescendants(
        members, children, each -> known.containsKey(each) && !known.get(each).foreign());
    members.removeAll(below(self, children));
    Set<Entry> kept = new HashSet<>(members.stream().filter(keep).toList());
    addDescendants(kept, children, members::contains);
    Set<Long> above = ProcessTable.ancestors(all, self);
    return members.stream()
        .map(each -> {
          long owner = user.applyAsLong(each);
          return new Found(
              each.pid(),
              each.name(),
              each.start(),
              owner,
              signs(known.getOrDefault(each, new Marks(Set.of(), false)).signs()),
              kept.contains(each)
                  ? Standing.KEPT
                  : owner != ownUser
                      ? Standing.OTHER_USER
                      : above.contains(each.pid()) ? Standing.RUNS_US : Standing.OURS);
        })
        .toList();
  }

  private static Set<Sign> signs(Set<Sign> marks) {
    return marks.isEmpty() ? EnumSet.of(Sign.DESCENDANT) : marks;
  }

  private static Set<Entry> below(long pid, Map<Long, List<Entry>> children) {
    Set<Entry> below = new LinkedHashSet<>(children.getOrDefault(pid, List.of()));
    addDescendants(below, children, _ -> true);
    return below;
  }

  /** To those that are in it, breadth first. */
  private static void addDescendants(
      Set<Entry> members, Map<Long, List<Entry>> children, Predicate<Entry> which) {
    List<Entry> open = new ArrayList<>(members);
    for (int at = 0; at < open.size(); at++) {
      for (Entry child : children.getOrDefault(open.get(at).pid(), List.of())) {
        if (which.test(child) && members.add(child)) {
          open.add(child);
        }
      }
    }
  }

  /** Whether a path is a control group of this containment that is there. */
  public boolean hasGroup(String path) {
    return group(path).isPresent();
  }

  /**
   * Removes the containment's control group and those of its runs. Who may live on is let go; with
   * anybody else in it, it stays.
   */
  public GroupEnd removeGroup(String path) {
    Optional<Cgroup> group = group(path);
    if (group.isEmpty()) {
      return isAbsent(path) ? GroupEnd.GONE : GroupEnd.NOT_OURS;
    }
    List<Cgroup> all = new ArrayList<>(group.get().runs());
    all.add(group.get());
    for (Found each : find()) {
      if (each.standing() == Standing.KEPT) {
        all.stream()
            .filter(one -> one.members().contains(each.pid()))
            .forEach(one -> group.get().release(each.pid()));
      }
    }
    // Who was killed is in it until its last thread is gone.
    long deadline = System.nanoTime() + GROUP_PATIENCE.toNanos();
    while (!all.stream().allMatch(Cgroup::removeEmpty)) {
      if (deadline - System.nanoTime() < 0) {
        return GroupEnd.BUSY;
      }
      LockSupport.parkNanos(BETWEEN_LOOKS);
    }
    return GroupEnd.GONE;
  }

  private Optional<Cgroup> group(String path) {
    try {
      return Cgroup.existing(Path.of(path), Cgroup.nameOf(mark));
    } catch (InvalidPathException none) {
      return Optional.empty();
    }
  }

  private static boolean isAbsent(String path) {
    try {
      return Files.notExists(Path.of(path));
    } catch (InvalidPathException none) {
      return false;
    }
  }

  /** The first number of the line "Uid:" is the real one (proc(5), status). */
  private static long userOf(long pid) {
    try {
      String status =
          Files.readString(Path.of("/proc/" + pid + "/status"), StandardCharsets.ISO_8859_1);
      return status
          .lines()
          .filter(line -> line.startsWith("Uid:"))
          .map(line -> Long.parseLong(line.split("\\s+", -1)[1]))
          .findFirst()
          .orElse(UNKNOWN_USER);
    } catch (IOException | NumberFormatException gone) {
      return UNKNOWN_USER;
    }
  }
}
