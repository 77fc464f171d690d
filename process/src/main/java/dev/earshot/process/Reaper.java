package dev.earshot.process;

import dev.earshot.process.ProcessTable.Entry;
import dev.earshot.process.ProcessTable.Identity;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Reaps the orphans that this process adopts, and replaces a guardian that was killed: one thread
 * that waits for any child to end. It looks at the end before it takes it, by number, so that
 * nobody else's child loses its status. Thread-safe.
 */
final class Reaper {
  /** While a child has ended that somebody else is to reap, the kernel wakes nobody for others. */
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

  /** Without a guardian nobody would end the wait for a child. */
  private static final Duration UNGUARDED = Duration.ofMillis(100);

  private static final Duration DISMISSAL = Duration.ofSeconds(1);

  /** One that ends at once this often is not started again. */
  private static final int QUICK_ENDS = 20;

  private static final Duration QUICK = Duration.ofMillis(50);

  private final Platform platform;
  private final Mark mark;
  private final Containment.Orphans orphans;
  private final Guardian.Duty duty;
  private final boolean guarded;
  private final long self = ProcessHandle.current().pid();
  private final long ownSession = ProcessTable.of(self).map(Entry::session).orElse(0L);
  private final long ownGroup = Libc.groupOf(0);
  private final Wake wake;
  private final Thread thread;

  /**
   * Reading: whoever must find each child that was there at the beginning still there at the end,
   * or known. Writing: whoever reaps one, or starts a guardian.
   */
  private final ReentrantReadWriteLock children = new ReentrantReadWriteLock(true);

  /** Living commands, which their own owners reap. */
  private final Set<Long> leaders = ConcurrentHashMap.newKeySet();

  private volatile Optional<Guardian> guardian = Optional.empty();

  /** The guardian and the one before it. A list: to link the first hash of a record takes long. */
  private volatile List<Identity> guardians = List.of();

  private volatile boolean closing;
  private volatile boolean abandoned;
  private long startedNanos; // the reaper thread's
  private int quickEnds; // the reaper thread's

  Reaper(
      Platform platform,
      Mark mark,
      Containment.Orphans orphans,
      Guardian.Duty duty,
      boolean guarded) {
    this.platform = platform;
    this.mark = mark;
    this.orphans = orphans;
    this.duty = duty;
    this.guarded = guarded;
    this.wake = openWake();
    this.thread = Thread.ofPlatform().daemon().name("process-reaper-" + self).unstarted(this::run);
  }

  private static Wake openWake() {
    try {
      return Wake.open();
    } catch (ErrnoException noDescriptor) {
      return Wake.none();
    }
  }

  void start() {
    if (guarded) {
      startGuardian();
    }
    thread.start();
  }

  /** The session of this process. */
  long ownSession() {
    return ownSession;
  }

  OptionalLong guardianPid() {
    return guardian.map(it -> OptionalLong.of(it.pid())).orElse(OptionalLong.empty());
  }

  private void startGuardian() {
    children.writeLock().lock();
    try {
      startedNanos = System.nanoTime();
      guardian = Guardian.start(platform, duty);
      guardian
          .flatMap(it -> ProcessTable.of(it.pid()))
          .ifPresent(now -> guardians = withLast(guardians, now.identity()));
      guardian.ifPresent(it -> leaders.forEach(it::leader));
    } finally {
      children.writeLock().unlock();
    }
  }

  private static List<Identity> withLast(List<Identity> before, Identity now) {
    return before.isEmpty() ? List.of(now) : List.of(before.getLast(), now);
  }

  /** Starts a command so that its end is left to its owner from the first moment. */
  long spawn(Spawn spawn) throws StartException {
    children.readLock().lock();
    long leader = 0;
    try {
      tellGuardian(Guardian::starting);
      leader = spawn.run();
      leaders.add(leader);
      return leader;
    } finally {
      long started = leader;
      tellGuardian(it -> tell(it, started));
      children.readLock().unlock();
    }
  }

  /** Starts a process and gives its pid. */
  interface Spawn {
    long run() throws StartException;
  }

  private static void tell(Guardian guardian, long started) {
    if (started > 0) {
      guardian.leader(started);
    } else {
      guardian.failed();
    }
  }

  /** The guardian is to know what must not live on, where something may. */
  private void tellGuardian(Consumer<Guardian> what) {
    if (!duty.keep().isEmpty()) {
      guardian.ifPresent(what);
    }
  }

  /** The leader was reaped, or is nobody's any more. */
  void forget(long leader) {
    leaders.remove(leader);
    tellGuardian(it -> it.ended(leader));
  }

  /** A look during which no child of this process is reaped. */
  <T> T looking(Supplier<T> look) {
    children.readLock().lock();
    try {
      return look.get();
    } finally {
      children.readLock().unlock();
    }
  }

  /** Reaps children of this process that have ended. */
  void reap(Collection<Entry> ended) {
    children.writeLock().lock();
    try {
      ended.forEach(each -> reap(each.pid()));
    } finally {
      children.writeLock().unlock();
    }
  }

  private void reap(long pid) {
    Libc.waitFor(platform, pid, Platform.WAIT_EXITED | Platform.WAIT_NO_HANG);
  }

  /**
   * Whether a child of this process that no known member is the parent of can be an orphan of some
   * run, rather than a command, a guardian or a child of other parts of the program.
   */
  boolean canBeOrphan(Entry child) {
    return child.parent() == self
        && !leaders.contains(child.pid())
        && !guardians.contains(child.identity());
  }

  /**
   * A child that other parts of the program started just while a command was, has its mark as well,
   * but is in our own group, where the tree never was.
   */
  boolean isMarked(Entry each, Mark of) {
    return each.group() != ownGroup && of.isOn(each.pid());
  }

  private void run() {
    try {
      while (!closing || guardian.isPresent()) {
        waitForAnEnd();
        if (guardian.isPresent() && hasEnded(guardian.get())) {
          replace(guardian.get());
        }
        reapOrphans();
      }
    } finally {
      guardian.ifPresent(Guardian::close);
    }
  }

  private void waitForAnEnd() {
    int blocking = guardian.isPresent() ? 0 : Platform.WAIT_NO_HANG;
    int ended = Libc.endedChild(platform, blocking);
    if (ended == 0 || ended == -Errno.ECHILD) {
      pause(UNGUARDED);
    }
  }

  private void pause(Duration atMost) {
    Libc.poll(new Libc.Interest[] {wake.interest()}, (int) atMost.toMillis());
  }

  private boolean hasEnded(Guardian it) {
    int how = Platform.WAIT_EXITED | Platform.WAIT_NO_HANG | Platform.WAIT_LEAVE;
    return !(Libc.waitFor(platform, it.pid(), how) instanceof Libc.Waited.Nothing);
  }

  private void replace(Guardian ended) {
    children.writeLock().lock();
    try {
      reap(ended.pid());
      ended.close();
      guardian = Optional.empty();
    } finally {
      children.writeLock().unlock();
    }
    boolean quick = System.nanoTime() - startedNanos < QUICK.toNanos();
    quickEnds = quick ? quickEnds + 1 : 0;
    if (!closing && quickEnds < QUICK_ENDS) {
      startGuardian();
    }
  }

  private void reapOrphans() {
    List<Entry> ended =
        ProcessTable.adopted(self).stream()
            .filter(each -> !each.isAlive() && canBeOrphan(each))
            .filter(each -> orphans == Containment.Orphans.ALL || isOurs(each))
            .toList();
    if (!ended.isEmpty()) {
      reap(ended);
    }
    if (Libc.endedChild(platform, Platform.WAIT_NO_HANG) > 0) {
      // Somebody else's, who takes it at once; or a leader, kept until its tree is gone.
      pause(BETWEEN_LOOKS);
    }
  }

  private boolean isOurs(Entry each) {
    return each.group() != ownGroup && mark.isOfContainmentOf(each.pid());
  }

  /** A tree was lost sight of: the guardian is to end all when this closes. */
  void abandon() {
    abandoned = true;
  }

  void close() {
    closing = true;
    guardian.ifPresent(abandoned ? Guardian::close : Guardian::dismiss);
    wake.wake();
    if (!joined()) {
      guardian.ifPresent(it -> Libc.kill(it.pid(), Signal.KILL.number()));
      joined();
    }
    wake.close();
  }

  /** An interrupt does not shorten it, and is kept. */
  private boolean joined() {
    long deadline = System.nanoTime() + DISMISSAL.toNanos();
    boolean interrupted = false;
    boolean ended = !thread.isAlive();
    while (!ended && deadline - System.nanoTime() > 0) {
      try {
        ended = thread.join(Duration.ofNanos(deadline - System.nanoTime()));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ended;
  }
}
