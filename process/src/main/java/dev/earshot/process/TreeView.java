package dev.earshot.process;

import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.process.ProcessTable.Identity;
import dev.earshot.process.ProcessTree.Look;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The tree of one run: looked at, and signalled one by one. Used by its owner's thread only. */
final class TreeView {
  /** Looks that find nothing but ended children, which are reaped, before one is given back. */
  private static final int LOOKS = 100;

  /** Against one that starts its successor and ends faster than a whole look. */
  private static final int QUICK_ROUNDS = 20;

  private final Containment containment;
  private final Reaper reaper;
  private final Mark mark;
  private final Supplier<Optional<Cgroup>> newCgroup;
  private final long self = ProcessHandle.current().pid();
  private final Map<Identity, Boolean> verdicts = new HashMap<>();
  private Set<Identity> known = Set.of();
  private Optional<Cgroup> cgroup = Optional.empty();
  private long leader;
  private long since;

  TreeView(Containment containment, Mark mark, Supplier<Optional<Cgroup>> newCgroup) {
    this.containment = containment;
    this.reaper = containment.reaper();
    this.mark = mark;
    this.newCgroup = newCgroup;
  }

  /** What the leader is to have as its limit of file locks. */
  long limit() {
    return containment.limits() ? mark.number() : Mark.NONE;
  }

  /** The environment with the mark in it. */
  Map<String, String> marked(Map<String, String> environment) {
    if (!containment.variable()) {
      return environment;
    }
    Map<String, String> marked = new LinkedHashMap<>(environment);
    marked.put(Mark.VARIABLE, Long.toString(mark.number()));
    return marked;
  }

  /** The tree has begun. */
  void begin(long pid) {
    leader = pid;
  }

  /**
   * Puts the leader into a control group, where there are some: with what it has started by then,
   * but for that. To move a process can take the kernel tens of milliseconds.
   */
  void enclose() {
    cgroup = newCgroup.get();
    cgroup.ifPresent(it -> it.place(leader));
  }

  /** The leader was reaped. */
  void end() {
    reaper.forget(leader);
    cgroup.ifPresent(Cgroup::remove);
  }

  /**
   * The tree now; ended children are reaped.
   *
   * @param groupIsOurs the leader is there, if only as a zombie
   */
  Look look(boolean groupIsOurs) {
    Look look = Look.NOTHING;
    for (int i = 0; i < LOOKS; i++) {
      look = lookOnce(groupIsOurs);
      if (!look.ended().isEmpty()) {
        reaper.reap(look.ended());
      }
      if (!look.living().isEmpty() || look.ended().isEmpty()) {
        break;
      }
    }
    known = look.living().stream().map(Entry::identity).collect(Collectors.toSet());
    return look;
  }

  private Look lookOnce(boolean groupIsOurs) {
    List<Entry> all = reaper.looking(ProcessTable::all);
    var roots = new ProcessTree.Roots(self, reaper.ownSession(), leader, groupIsOurs, known);
    Set<Identity> there = all.stream().map(Entry::identity).collect(Collectors.toSet());
    verdicts.keySet().retainAll(there);
    return ProcessTree.look(all, roots, this::isMember, keep());
  }

  /** Of one that hangs from no member. Without orphans it can be anywhere. */
  private boolean isMember(Entry each) {
    if (each.start() < since() || (containment.adopts() && !reaper.canBeOrphan(each))) {
      return false;
    }
    return verdicts.computeIfAbsent(
        each.identity(), _ -> takesAll(each) || reaper.isMarked(each, mark));
  }

  /** When the leader started; it can be asked as long as it is not reaped. */
  private long since() {
    if (since == 0) {
      since = ProcessTable.of(leader).map(Entry::start).orElse(0L);
    }
    return since;
  }

  private boolean takesAll(Entry each) {
    return containment.plan().orphans() == Containment.Orphans.ALL && reaper.canBeOrphan(each);
  }

  private Predicate<Entry> keep() {
    List<KeepPattern> patterns = containment.plan().keep();
    return each ->
        !patterns.isEmpty()
            && patterns.stream()
                .anyMatch(one -> one.matches(each.name(), KeepPattern.commandLine(each.pid())));
  }

  boolean keepsNothing() {
    return containment.plan().keep().isEmpty();
  }

  /** Each, but nobody who has the number of one of them by now. */
  void signal(Collection<Entry> targets, Signal signal) {
    targets.forEach(each -> ExactSignal.send(each.identity(), signal, _ -> true));
  }

  /** All at once, where there is a control group and nobody in it is kept. */
  void killAtOnce() {
    cgroup.ifPresent(Cgroup::kill);
  }

  /**
   * Those that became orphans since the look, as fast as can be.
   *
   * @param spare what is not to be killed
   */
  void killAdopted(Collection<Long> killed, Predicate<Entry> spare) {
    for (int round = 0; round < QUICK_ROUNDS; round++) {
      List<Entry> adopted =
          ProcessTable.adopted(self).stream()
              .filter(each -> each.isAlive() && isMember(each) && !keep().test(each))
              .filter(spare.negate())
              .toList();
      if (adopted.isEmpty()) {
        return;
      }
      signal(adopted, Signal.KILL);
      adopted.forEach(each -> killed.add(each.pid()));
    }
  }
}
