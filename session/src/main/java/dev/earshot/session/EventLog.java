package dev.earshot.session;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The one order of a session's events. Publishing never waits for a subscriber: each has a bounded
 * queue of its own, which drops and counts what does not fit; lifecycle events always fit. After
 * {@link SessionEvent.Stopped} the log is closed: nothing more is published, and each subscription
 * ends once what it holds is taken. Thread-safe.
 */
public final class EventLog {
  /** What a subscription may hold unless said otherwise: 8 MiB. */
  public static final long DEFAULT_BOUND = 8L << 20;

  private final Clock clock;
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
  private final LongAdder dropped = new LongAdder();
  private final ReentrantLock order = new ReentrantLock();
  private Consumer<Stamped> record = _ -> {}; // guarded by order
  private long published; // guarded by order
  private boolean ended; // guarded by order

  /** A log that stamps with the system's clock. */
  public EventLog() {
    this(Clock.systemUTC());
  }

  EventLog(Clock clock) {
    this.clock = clock;
  }

  /** A subscription to everything published from now on, which holds at most 8 MiB. */
  public Subscription subscribe() {
    return subscribe(DEFAULT_BOUND);
  }

  /**
   * A subscription to everything published from now on.
   *
   * @param bound bytes that events other than lifecycle events may take while they wait
   */
  public Subscription subscribe(long bound) {
    return subscribe(bound, _ -> true);
  }

  /**
   * A subscription to some of what is published from now on; of the rest it takes no notice, which
   * costs nothing.
   *
   * @param bound bytes that events other than lifecycle events may take while they wait
   * @param wanted must neither wait nor throw
   */
  public Subscription subscribe(long bound, Predicate<SessionEvent> wanted) {
    order.lock();
    try {
      var subscription = new Subscription(bound, wanted, subscriptions::remove, dropped);
      if (ended) {
        subscription.end();
      } else {
        subscriptions.add(subscription);
      }
      return subscription;
    } finally {
      order.unlock();
    }
  }

  /**
   * Names the one listener that misses nothing from now on. It is called before any subscription
   * has the event, and must neither wait nor throw.
   */
  void recordTo(Consumer<Stamped> listener) {
    order.lock();
    try {
      record = listener;
    } finally {
      order.unlock();
    }
  }

  /** How many events all subscriptions together missed so far. */
  public long dropped() {
    return dropped.sum();
  }

  /** Gives the event its place and offers it to every subscription. Nothing in here blocks. */
  void publish(SessionEvent event) {
    order.lock();
    try {
      if (ended) {
        return;
      }
      var stamped = new Stamped(++published, clock.instant(), event);
      record.accept(stamped);
      subscriptions.forEach(subscription -> subscription.offer(stamped));
      if (event instanceof SessionEvent.Stopped) {
        ended = true;
        subscriptions.forEach(Subscription::end);
      }
    } finally {
      order.unlock();
    }
  }
}
