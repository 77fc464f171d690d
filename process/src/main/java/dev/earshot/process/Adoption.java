package dev.earshot.process;

/**
 * Whether this process adopts the orphans of its descendants (PR_SET_CHILD_SUBREAPER, prctl(2)).
 * That is one setting for the whole process, so it is counted for the whole process, too: it is on
 * while somebody holds it, because an orphan that nobody reaps would stay a zombie.
 */
final class Adoption {
  private static final Object LOCK = new Object();
  private static int holders; // guarded by LOCK

  private Adoption() {}

  /** False if the system refuses; then there is nothing to release. */
  static boolean acquire() {
    synchronized (LOCK) {
      boolean on = Libc.adoptOrphans(true) == 0;
      holders += on ? 1 : 0;
      return on;
    }
  }

  static void release() {
    synchronized (LOCK) {
      holders--;
      if (holders == 0) {
        Libc.adoptOrphans(false);
      }
    }
  }
}
