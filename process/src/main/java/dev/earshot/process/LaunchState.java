package dev.earshot.process;

import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What this program was started with, before the JVM changed it: the command is to inherit the
 * same. Masks are those of {@code /proc/PID/status} ({@code SigIgn}, {@code SigBlk}): bit n-1 is
 * signal n.
 *
 * <p>Not kept in {@code ignored}: CHLD, which is always default in the command, and SEGV, BUS, FPE
 * and ILL, which a JVM cannot ignore even for the moment of a start.
 *
 * @param ignored signals the command starts with as ignored; all others start with their default
 * @param blocked signals the command starts with as blocked
 * @param descriptors numbers, all at least 3, the command inherits if they are open at its start
 */
public record LaunchState(long ignored, long blocked, SortedSet<Integer> descriptors) {
  public LaunchState {
    descriptors = Collections.unmodifiableSortedSet(new TreeSet<>(descriptors));
    if (!descriptors.isEmpty() && descriptors.first() < 3) {
      throw new IllegalArgumentException("descriptors below 3 are the standard streams");
    }
  }

  /** Nothing ignored, nothing blocked, nothing inherited. */
  public static LaunchState plain() {
    return new LaunchState(0, 0, new TreeSet<>());
  }
}
