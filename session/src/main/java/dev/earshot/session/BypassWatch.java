package dev.earshot.session;

import dev.earshot.process.TcpSocket;
import dev.earshot.process.TcpSockets;
import dev.earshot.process.TcpState;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Looks now and then at the connections of a run's tree, and tells which did not come through the
 * proxy, each process and address once. It sees what is there when it looks: a connection that is
 * over by then is missed. A thread of its own looks every 50 ms if that takes it no more than 1 %
 * of a processor (see {@link Pace}), else as seldom as that needs. Only connections of the
 * session's own user, in the network that Earshot is in, are seen.
 *
 * <p>Bounded: 1,000 connections are told in a run, then a warning and no more.
 */
final class BypassWatch {
  private static final int MOST_TOLD = 1000;

  /** A look at the processes gives up then, and counts for what it has seen. */
  private static final Duration LONGEST_LOOK = Duration.ofMillis(500);

  /** Between the list of sockets and the look at the tree, one may pass into it. */
  private static final int LOOKS = 2;

  /** Those of a connection that somebody may still have open, though it has ended meanwhile. */
  private static final Set<TcpState> STATES =
      EnumSet.of(
          TcpState.ESTABLISHED,
          TcpState.SYN_SENT,
          TcpState.FIN_WAIT_1,
          TcpState.FIN_WAIT_2,
          TcpState.CLOSE_WAIT,
          TcpState.LAST_ACK,
          TcpState.CLOSING,
          TcpState.LISTEN);

  private final int run;
  private final SessionProcesses tree;
  private final ProcFiles proc;
  private final BypassRules rules;
  private final Consumer<SessionEvent> events;
  private final long uid = SocketOwners.effectiveUid();
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean ended; // guarded by lock
  private Bypass.Seen seen = Bypass.Seen.NOTHING; // guarded by lock

  // Those of its thread.
  private final BitSet served = new BitSet();
  private final Set<Told> told = new HashSet<>();
  private Map<Long, Integer> looked = Map.of();

  private BypassWatch(
      int run,
      SessionProcesses tree,
      List<InetSocketAddress> listeners,
      Consumer<SessionEvent> events) {
    this.run = run;
    this.tree = tree;
    this.proc = tree.files();
    this.rules =
        new BypassRules(
            listeners,
            BypassRules.Ephemeral.parse(proc.text("sys/net/ipv4/ip_local_port_range").orElse("")));
    this.events = events;
    this.thread = Thread.ofPlatform().daemon().name("earshot-bypass").unstarted(this::watch);
  }

  private record Told(long pid, InetSocketAddress remote) {}

  /**
   * Begins to watch.
   *
   * @param tree whose connections are looked at
   * @param listeners where the session listens
   * @param events gets what is seen; must not block
   */
  static BypassWatch start(
      int run,
      SessionProcesses tree,
      List<InetSocketAddress> listeners,
      Consumer<SessionEvent> events) {
    var watch = new BypassWatch(run, tree, listeners, events);
    watch.thread.start();
    return watch;
  }

  /** Nothing more is told from now on. Never blocks; again changes nothing. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends it, waits for its thread, which takes no longer than a look, and says what was seen. */
  Bypass.Seen close() throws InterruptedException {
    end();
    thread.join(LONGEST_LOOK);
    lock.lock();
    try {
      return seen;
    } finally {
      lock.unlock();
    }
  }

  private void watch() {
    Pace pace = Pace.START;
    OptionalLong used = proc.ownTime();
    long last = System.nanoTime();
    long look = 0;
    try {
      while (pauses(Pace.SHORTEST.toNanos())) {
        long now = System.nanoTime();
        // What the kernel tells of a thread's time is exact only once that has waited.
        OptionalLong usedByNow = proc.ownTime();
        boolean known = used.isPresent() && usedByNow.isPresent();
        long cost = known ? usedByNow.getAsLong() - used.getAsLong() : look;
        pace = pace.after(cost, now - last);
        used = usedByNow;
        last = now;
        if (!pauses(pace.pause() - Pace.SHORTEST.toNanos())) {
          return;
        }
        long begin = System.nanoTime();
        look(begin + LONGEST_LOOK.toNanos());
        look = System.nanoTime() - begin;
      }
    } catch (IOException | UnsupportedOperationException refused) {
      tell(
          new SessionEvent.Warning(
              "bypass_unseen",
              "cannot see connections that go around Earshot: " + refused.getMessage(),
              Optional.empty()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether it goes on after a pause. */
  private boolean pauses(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while (!ended && left > 0) {
        left = changed.awaitNanos(left);
      }
      return !ended;
    } finally {
      lock.unlock();
    }
  }

  private void look(long deadline) throws IOException {
    List<TcpSocket> all = TcpSockets.of(uid, STATES);
    List<TcpSocket> made = rules.made(all);
    Map<Long, Integer> before = looked;
    looked =
        made.stream()
            .collect(
                Collectors.toMap(
                    TcpSocket::inode,
                    it -> before.getOrDefault(it.inode(), 0),
                    Math::max,
                    HashMap::new));
    List<TcpSocket> open =
        made.stream().filter(it -> looked.getOrDefault(it.inode(), 0) < LOOKS).toList();
    if (open.isEmpty()) {
      return;
    }
    Map<Long, Long> ofTree = ofTree(deadline);
    var within = new BypassRules.Within(all, ofTree.keySet(), served);
    for (TcpSocket each : open) {
      Long pid = ofTree.get(each.inode());
      looked.merge(each.inode(), pid == null ? 1 : LOOKS, Integer::sum);
      if (pid != null && !within.has(each)) {
        seen(pid, each.remote());
      }
    }
  }

  /** Who has which socket open; of several the one that is nearest to the root. */
  private Map<Long, Long> ofTree(long deadline) {
    Map<Long, Long> byInode = new HashMap<>();
    for (long pid : tree.hanging(deadline)) {
      if (deadline - System.nanoTime() <= 0 || hasEnded()) {
        break;
      }
      proc.sockets(pid).keySet().forEach(inode -> byInode.putIfAbsent(inode, pid));
    }
    return byInode;
  }

  private void seen(long pid, InetSocketAddress remote) {
    if (told.size() >= MOST_TOLD || !told.add(new Told(pid, remote))) {
      return;
    }
    Program program = proc.program(pid).program();
    if (program instanceof Program.Earshot) {
      return;
    }
    Optional<String> service = WellKnownPorts.service(remote.getPort());
    boolean loopback = remote.getAddress().isLoopbackAddress();
    tell(
        new SessionEvent.Bypassed(
            run,
            new Bypass(
                pid,
                proc.name(pid).orElse(""),
                remote,
                WellKnownPorts.kind(remote.getPort()),
                service,
                BypassHint.of(program, service, loopback))));
    if (told.size() == MOST_TOLD) {
      tell(
          new SessionEvent.Warning(
              "bypass_limit",
              "more than %d connections went around Earshot: further ones are not told"
                  .formatted(MOST_TOLD - 1),
              Optional.empty()));
    }
  }

  /** Nothing is told once it has ended; telling does not block. */
  private void tell(SessionEvent event) {
    lock.lock();
    try {
      if (!ended) {
        if (event instanceof SessionEvent.Bypassed(_, var bypass)) {
          seen = seen.plus(bypass);
        }
        events.accept(event);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean hasEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }
}
