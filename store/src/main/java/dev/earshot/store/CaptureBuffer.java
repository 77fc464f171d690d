package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.session.Stamped;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * From the threads that must not wait to the one that writes. Bounded by what it costs: bodies past
 * their mark are given up; what is past that of the metadata is taken all the same, and told by
 * {@link #isCongested}. What was taken out counts until it is {@link #written}.
 *
 * <p>Once off, it holds nothing and takes nothing, at no cost. Thread-safe.
 */
final class CaptureBuffer {
  /**
   * So much ends a pause before its time: what waits should be gone before the collector of the
   * young moves it to the old, which it does not look at again for long.
   */
  private static final long BURST = 512L << 10;

  private static final long BEHIND = 8L << 20;

  private final CaptureLimits limits;
  private final LongSupplier nanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition something = lock.newCondition();
  private ArrayDeque<Told> queue = new ArrayDeque<>(); // guarded by lock
  private long queued; // guarded by lock
  private long waitingBodies; // guarded by lock
  private long givenUp; // guarded by lock
  private long moved; // guarded by lock: when something was last written, or nothing waited
  private boolean suspected; // guarded by lock
  private long suspectedAt; // guarded by lock
  private boolean finishing; // guarded by lock
  private volatile long waitingMetadata; // written under lock
  private volatile boolean off; // written under lock

  /**
   * @param nanos tells the time, as {@link System#nanoTime} does
   */
  CaptureBuffer(CaptureLimits limits, LongSupplier nanos) {
    this.limits = limits;
    this.nanos = nanos;
    this.moved = nanos.getAsLong();
  }

  /** What became of an offer. */
  enum Offer {
    TAKEN,
    /** It is off, or was turned off before. */
    DECLINED,
    /**
     * It was declined, and nothing was written for so long that the capture is to be turned off.
     */
    STALLED
  }

  /** Takes an event. */
  Offer offer(Stamped event) {
    if (off) {
      return Offer.DECLINED;
    }
    var told = new Told.Event(event);
    lock.lock();
    try {
      if (off) {
        return Offer.DECLINED;
      }
      if (stalled() || waitingMetadata > limits.mostMetadata()) {
        return Offer.STALLED;
      }
      add(told);
      return Offer.TAKEN;
    } finally {
      lock.unlock();
    }
  }

  /** Takes a copy of these bytes, unless too much waits. */
  Offer offer(long exchange, Direction direction, ByteBuffer content) {
    long weight = Told.Piece.weight(content);
    if (!reserve(weight)) {
      return off ? Offer.DECLINED : declined(exchange, direction);
    }
    // The copying is not done under the lock.
    var piece = new Told.Piece(exchange, direction, content);
    lock.lock();
    try {
      if (off) {
        return Offer.DECLINED;
      }
      waitingBodies -= weight;
      add(piece);
      return Offer.TAKEN;
    } finally {
      lock.unlock();
    }
  }

  private boolean reserve(long weight) {
    if (off) {
      return false;
    }
    lock.lock();
    try {
      if (off || waitingBodies + weight > limits.waitingBodies()) {
        return false;
      }
      noteQuiet();
      waitingBodies += weight;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private Offer declined(long exchange, Direction direction) {
    lock.lock();
    try {
      if (off) {
        return Offer.DECLINED;
      }
      givenUp++;
      if (stalled()) {
        return Offer.STALLED;
      }
      add(new Told.Declined(exchange, direction));
      return Offer.DECLINED;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Seen twice, with a while between, in which a writer that can write does: this process may have
   * been stopped (Ctrl-Z) and go on just now.
   */
  private boolean stalled() {
    noteQuiet();
    long now = nanos.getAsLong();
    long patience = limits.patience().toNanos();
    if (now - moved < patience - patience / 5) {
      return false;
    }
    if (!suspected) {
      suspected = true;
      suspectedAt = now;
    }
    return now - suspectedAt > patience / 5;
  }

  private void noteQuiet() {
    if (waitingMetadata + waitingBodies == 0) {
      moved();
    }
  }

  private void moved() {
    moved = nanos.getAsLong();
    suspected = false;
  }

  private void add(Told told) {
    noteQuiet();
    boolean quiet = queued < BURST;
    boolean first = queue.isEmpty();
    queue.add(told);
    queued += told.weight();
    count(told, 1);
    if (first || (quiet && queued >= BURST)) {
      something.signal();
    }
  }

  private void count(Told told, int sign) {
    switch (told) {
      case Told.Piece piece -> waitingBodies += sign * piece.weight();
      case Told.Event _, Told.Declined _ -> metadata(waitingMetadata + sign * told.weight());
    }
  }

  private void metadata(long bytes) {
    waitingMetadata = bytes;
  }

  /** Whether a new exchange should wait a moment. */
  boolean isCongested() {
    return !off && waitingMetadata > limits.waitingMetadata();
  }

  /** Whether so much waits that the writer should save itself work. */
  boolean isBehind() {
    lock.lock();
    try {
      return waitingMetadata + waitingBodies > BEHIND;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for something to write, and gives all there is.
   *
   * @param notBefore when it may give something, unless much has come or it is to finish
   * @param deadline when it gives nothing, if nothing comes
   */
  Queue<Told> take(long notBefore, long deadline) throws InterruptedException {
    lock.lock();
    try {
      while (!finishing && !off) {
        long now = nanos.getAsLong();
        long wait = (queue.isEmpty() ? deadline : notBefore) - now;
        if (wait <= 0 || queued >= BURST) {
          break;
        }
        something.awaitNanos(wait);
      }
      var taken = queue;
      queue = new ArrayDeque<>();
      queued = 0;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** What was taken is on the disk, or at least with the system. */
  void written(Iterable<Told> done) {
    lock.lock();
    try {
      if (!off) {
        done.forEach(told -> count(told, -1));
        moved();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more comes: what is waited for is over. */
  void finish() {
    lock.lock();
    try {
      finishing = true;
      something.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing more comes. */
  boolean isFinishing() {
    lock.lock();
    try {
      return finishing;
    } finally {
      lock.unlock();
    }
  }

  /** Frees everything and takes nothing more; false if it was off. */
  boolean turnOff() {
    lock.lock();
    try {
      boolean first = !off;
      off = true;
      queue = new ArrayDeque<>();
      queued = 0;
      waitingBodies = 0;
      metadata(0);
      something.signal();
      return first;
    } finally {
      lock.unlock();
    }
  }

  boolean isOff() {
    return off;
  }

  /** How many bodies were given up so far. */
  long givenUp() {
    lock.lock();
    try {
      return givenUp;
    } finally {
      lock.unlock();
    }
  }
}
