package dev.earshot.proxy;

import dev.earshot.exchange.ClientProcess;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Which programs refuse our certificate for which hosts. Such a connection passes undecrypted, so
 * that the program works; every now and then one is tried again. A program that refuses does not
 * hide the host from all others. Shared by all event loops; the time is an argument.
 */
final class ClientRejections {
  /** How much of each kind is remembered; what was not asked for longest is forgotten. */
  static final int MOST = 1_000;

  /** What the end of a trial says. */
  enum Finding {
    /** Nothing about our certificate. */
    NOTHING,
    /** Rejected, by a program that was told for this host. */
    KNOWN,
    /** Rejected, for the first time. */
    NEW
  }

  /**
   * A connection that is being decrypted, of which it is not known whether its client agrees. Ends
   * by exactly one of the methods that say how.
   */
  static final class Trial {
    private final Key key;
    private final Caller caller;
    private final long began;

    /** Guarded by the lock: whether its handshake is done. */
    private boolean established;

    private Trial(Key key, Caller caller, long began) {
      this.key = key;
      this.caller = caller;
      this.began = began;
    }
  }

  /** What is remembered; the host alone if the program is not known. */
  private record Key(String host, Optional<String> program) {}

  /** One process, of which one connection may speak for another. */
  private record Caller(String host, OptionalLong pid) {}

  /**
   * What is known of a key.
   *
   * @param at when it rejected
   * @param until when the next trial is due
   * @param passes false once it accepted; kept, so that it is told only once
   */
  private record Rejection(long at, long until, boolean passes) {}

  private final long pause;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as are those below. */
  private final Map<Key, Rejection> rejections = bounded();

  private final Map<Caller, Boolean> served = bounded();

  /** How many established trials each has; there are no more than clients. */
  private final Map<Caller, Integer> established = new HashMap<>();

  private boolean leaving;

  /** With the time from a rejection to the next trial. */
  ClientRejections(Duration pause) {
    this.pause = pause.toNanos();
  }

  /**
   * Whether a connection passes undecrypted. When a trial is due again, one connection is not
   * passed, and those after it are until that one is accepted.
   */
  boolean passes(String host, ClientProcess process, long now) {
    lock.lock();
    try {
      Key key = key(host, process);
      Rejection known = rejections.get(key);
      if (known == null || !known.passes()) {
        return false;
      }
      if (now - known.until() < 0) {
        return true;
      }
      rejections.put(key, new Rejection(known.at(), now + pause, true));
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it was found out after that time that such a connection should pass. */
  boolean rejectedSince(String host, ClientProcess process, long since) {
    lock.lock();
    try {
      Rejection known = rejections.get(key(host, process));
      return known != null && known.passes() && known.at() - since > 0;
    } finally {
      lock.unlock();
    }
  }

  /** A client is about to see our certificate. */
  Trial begin(String host, ClientProcess process, long now) {
    return new Trial(
        key(host, process), new Caller(Authority.canonicalHost(host), process.pid()), now);
  }

  /** Its handshake is done, which does not say that it has looked at the certificate. */
  void established(Trial trial) {
    lock.lock();
    try {
      trial.established = true;
      established.merge(trial.caller, 1, Integer::sum);
    } finally {
      lock.unlock();
    }
  }

  /** It sent a request. */
  void accepted(Trial trial) {
    lock.lock();
    try {
      end(trial);
      served.put(trial.caller, true);
      Rejection known = rejections.get(trial.key);
      // One that began before says nothing against what another found out since.
      if (known != null && trial.began - known.at() > 0) {
        rejections.put(trial.key, new Rejection(known.at(), known.until(), false));
      }
    } finally {
      lock.unlock();
    }
  }

  /** It said, by an alert, that the certificate is why it leaves. */
  Finding refused(Trial trial, long now) {
    lock.lock();
    try {
      end(trial);
      return remember(trial.key, now);
    } finally {
      lock.unlock();
    }
  }

  /**
   * It left without a word. That is a rejection unless there is another reason: the same process
   * uses our certificate for that host, or is about to (clients open connections that they turn out
   * not to need), or clients are being ended.
   */
  Finding left(Trial trial, long now) {
    lock.lock();
    try {
      end(trial);
      boolean spare =
          served.containsKey(trial.caller) || established.containsKey(trial.caller) || leaving;
      return spare ? Finding.NOTHING : remember(trial.key, now);
    } finally {
      lock.unlock();
    }
  }

  /** It will not be known, or not soon. */
  void undecided(Trial trial) {
    lock.lock();
    try {
      end(trial);
    } finally {
      lock.unlock();
    }
  }

  /** From now on clients end because they are ended. */
  void clientsAreEnded() {
    lock.lock();
    try {
      leaving = true;
    } finally {
      lock.unlock();
    }
  }

  private Finding remember(Key key, long now) {
    Rejection known = rejections.get(key);
    rejections.put(key, new Rejection(now, now + pause, true));
    return known == null ? Finding.NEW : Finding.KNOWN;
  }

  private void end(Trial trial) {
    if (trial.established) {
      established.computeIfPresent(trial.caller, (_, count) -> count == 1 ? null : count - 1);
    }
  }

  private static Key key(String host, ClientProcess process) {
    return new Key(Authority.canonicalHost(host), process.name());
  }

  private static <K, V> Map<K, V> bounded() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > MOST;
      }
    };
  }
}
