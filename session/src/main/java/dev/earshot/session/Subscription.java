package dev.earshot.session;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One reader's view of an {@link EventLog}: a queue bounded by bytes. What does not fit is dropped
 * and counted, and a {@link SessionEvent.Dropped} takes its place once there is room; lifecycle
 * events, of which there are few, always fit. Thread-safe; one thread should take.
 */
public final class Subscription implements AutoCloseable {
  private final long bound;
  private final Predicate<SessionEvent> wanted;
  private final Consumer<Subscription> onClose;
  private final LongAdder droppedByAll;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Stamped> queue = new ArrayDeque<>(); // guarded by lock
  private long held; // guarded by lock: bytes of the droppable events in the queue
  private long missed; // guarded by lock: dropped since the last event that fitted
  private boolean ended; // guarded by lock

  Subscription(
      long bound,
      Predicate<SessionEvent> wanted,
      Consumer<Subscription> onClose,
      LongAdder droppedByAll) {
    this.bound = bound;
    this.wanted = wanted;
    this.onClose = onClose;
    this.droppedByAll = droppedByAll;
  }

  /**
   * Waits for the next event. Empty only once the log is closed and everything was taken, or this
   * subscription was closed.
   */
  public Optional<Stamped> take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (queue.isEmpty() && !ended) {
        changed.await();
      }
      return next();
    } finally {
      lock.unlock();
    }
  }

  /** The next event, if one comes in time. */
  public Optional<Stamped> poll(Duration patience) throws InterruptedException {
    long left = patience.toNanos();
    lock.lockInterruptibly();
    try {
      while (queue.isEmpty() && !ended && left > 0) {
        left = changed.awaitNanos(left);
      }
      return next();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the log is closed, or this subscription is, and everything was taken. */
  public boolean isDone() {
    lock.lock();
    try {
      return ended && queue.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the subscription: what it holds is forgotten, and a waiting reader gets empty. */
  @Override
  public void close() {
    onClose.accept(this);
    lock.lock();
    try {
      ended = true;
      queue.clear();
      held = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Adds without waiting; drops and counts if there is no room. */
  void offer(Stamped event) {
    if (!wanted.test(event.event())) {
      return;
    }
    boolean droppable = isDroppable(event);
    long weight = EventWeight.of(event.event());
    lock.lock();
    try {
      if (ended) {
        return;
      }
      if (droppable && held + weight > bound) {
        missed++;
        droppedByAll.increment();
        return;
      }
      if (missed > 0) {
        queue.add(new Stamped(event.sequence(), event.at(), new SessionEvent.Dropped(missed)));
        missed = 0;
      }
      queue.add(event);
      held += droppable ? weight : 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more will come; what is held can still be taken. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private Optional<Stamped> next() {
    Stamped event = queue.poll();
    if (event == null) {
      return Optional.empty();
    }
    if (isDroppable(event)) {
      held -= EventWeight.of(event.event());
    }
    return Optional.of(event);
  }

  private static boolean isDroppable(Stamped event) {
    return event.event() instanceof SessionEvent.Traffic
        || event.event() instanceof SessionEvent.Bypassed;
  }
}
