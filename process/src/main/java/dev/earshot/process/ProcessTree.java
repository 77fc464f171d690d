package dev.earshot.process;

import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.process.ProcessTable.Identity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Which processes belong to a run, decided from one look at all of them. */
final class ProcessTree {
  private ProcessTree() {}

  /**
   * Where a tree hangs from.
   *
   * @param self this process, which adopts orphans
   * @param ownSession the session of this process
   * @param leader the command's process, which is also the number of its group
   * @param groupIsOurs the leader is there, if only as a zombie, so that nobody else can have got
   *     the number
   * @param known members of the look before
   */
  record Roots(long self, long ownSession, long leader, boolean groupIsOurs, Set<Identity> known) {}

  /**
   * What was seen.
   *
   * @param living the members that live, without those to be kept
   * @param ended children of this process that have ended: members, but for the leader, that are to
   *     be reaped
   * @param kept what may outlive the run, and what hangs from it
   */
  record Look(List<Entry> living, List<Entry> ended, List<Entry> kept) {
    static final Look NOTHING = new Look(List.of(), List.of(), List.of());

    /**
     * Nothing of the tree was there when the look began. Whatever escaped its parents is a child of
     * this process, and stays one until it is reaped, which nobody does during a look. So a tree
     * that was not empty when the look began has a child that the look cannot have missed.
     */
    boolean isEmpty() {
      return living.isEmpty() && ended.isEmpty();
    }
  }

  /**
   * Members are the leader, its group, those marked, those of the look before, and all that hangs
   * from them or is in a session that one of them has made: a session is left by nobody but for a
   * new one.
   *
   * @param marked whether a process that hangs from no member is one all the same
   * @param keep whether it may outlive the run
   */
  static Look look(List<Entry> all, Roots roots, Predicate<Entry> marked, Predicate<Entry> keep) {
    Map<Long, List<Entry>> children = new HashMap<>();
    Map<Long, List<Entry>> sessions = new HashMap<>();
    for (Entry each : all) {
      children.computeIfAbsent(each.parent(), _ -> new ArrayList<>()).add(each);
      sessions.computeIfAbsent(each.session(), _ -> new ArrayList<>()).add(each);
    }
    Set<Entry> members = new HashSet<>();
    for (Entry each : all) {
      if (each.pid() != roots.self() && isRoot(each, roots, marked)) {
        add(each, roots, children, sessions, members);
      }
    }
    Set<Entry> kept = new HashSet<>();
    for (Entry each : members) {
      if (each.pid() != roots.leader() && each.isAlive() && keep.test(each)) {
        addDescendants(each, children, kept);
      }
    }
    members.removeAll(kept);
    return new Look(
        members.stream().filter(Entry::isAlive).toList(),
        members.stream()
            .filter(each -> !each.isAlive() && each.parent() == roots.self())
            .filter(each -> each.pid() != roots.leader())
            .toList(),
        List.copyOf(kept));
  }

  private static boolean isRoot(Entry each, Roots roots, Predicate<Entry> marked) {
    return (roots.groupIsOurs() && (each.pid() == roots.leader() || each.group() == roots.leader()))
        || roots.known().contains(each.identity())
        || marked.test(each);
  }

  private static void add(
      Entry from,
      Roots roots,
      Map<Long, List<Entry>> children,
      Map<Long, List<Entry>> sessions,
      Set<Entry> members) {
    List<Entry> next = new ArrayList<>(List.of(from));
    while (!next.isEmpty()) {
      Entry each = next.removeLast();
      if (each.pid() == roots.self() || !members.add(each)) {
        continue;
      }
      next.addAll(children.getOrDefault(each.pid(), List.of()));
      if (each.session() != roots.ownSession() && each.session() > 0) {
        next.addAll(sessions.getOrDefault(each.session(), List.of()));
      }
    }
  }

  private static void addDescendants(
      Entry from, Map<Long, List<Entry>> children, Set<Entry> found) {
    List<Entry> next = new ArrayList<>(List.of(from));
    while (!next.isEmpty()) {
      Entry each = next.removeLast();
      if (found.add(each)) {
        next.addAll(children.getOrDefault(each.pid(), List.of()));
      }
    }
  }
}
