package dev.earshot.process;

import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a command inherits of signals and descriptors: what the launcher was started with, before
 * the JVM changed it.
 *
 * <p>CHLD is never ignored in the command, as its exit could not be waited for; nor are SEGV, BUS,
 * FPE and ILL, which a JVM cannot ignore even for a moment.
 *
 * @param ignored the signals that are ignored, as a mask whose bit n-1 is signal n (proc(5))
 * @param blocked the signals that are blocked, as such a mask
 * @param descriptors the descriptors from 3 on that are inherited
 */
public record LaunchState(long ignored, long blocked, SortedSet<Integer> descriptors) {
  private static final int FIRST = 3;

  public LaunchState {
    descriptors = Collections.unmodifiableSortedSet(new TreeSet<>(descriptors));
    if (!descriptors.isEmpty() && descriptors.first() < FIRST) {
      throw new IllegalArgumentException("descriptors 0 to 2 are not inherited but redirected");
    }
  }

  /** Nothing ignored, nothing blocked, no descriptor beyond 0, 1 and 2. */
  public static LaunchState plain() {
    return new LaunchState(0, 0, Collections.emptySortedSet());
  }
}
