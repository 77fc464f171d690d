package dev.earshot.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A scope that can be cancelled, once, with a cause; cancelling a scope cancels its children. The
 * one source of truth for whether something is to stop. Thread-safe; no method blocks.
 */
public final class Cancellation {

  /** Undoes a registration; closing again, or after the cancellation, changes nothing. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable StopCause cause; // guarded by lock
  private final List<Consumer<StopCause>> listeners = new ArrayList<>(); // guarded by lock

  private Cancellation() {}

  /** A scope of its own, with no parent. */
  public static Cancellation root() {
    return new Cancellation();
  }

  /**
   * Cancels this scope and its children. The first cause stays; later ones change nothing.
   *
   * @return whether this call was the first
   */
  public boolean cancel(StopCause why) {
    List<Consumer<StopCause>> told;
    lock.lock();
    try {
      if (cause != null) {
        return false;
      }
      cause = why;
      told = List.copyOf(listeners);
      listeners.clear();
    } finally {
      lock.unlock();
    }
    told.forEach(listener -> listener.accept(why));
    return true;
  }

  /** Why this scope was cancelled; empty while it is not. */
  public Optional<StopCause> cause() {
    lock.lock();
    try {
      return Optional.ofNullable(cause);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Calls the listener once when this scope is cancelled, at once if it is already. The call comes
   * on the cancelling thread, so it must not block.
   */
  public Registration onCancel(Consumer<StopCause> listener) {
    StopCause already;
    lock.lock();
    try {
      already = cause;
      if (already == null) {
        listeners.add(listener);
      }
    } finally {
      lock.unlock();
    }
    if (already != null) {
      listener.accept(already);
    }
    return () -> forget(listener);
  }

  private void forget(Consumer<StopCause> listener) {
    lock.lock();
    try {
      listeners.remove(listener);
    } finally {
      lock.unlock();
    }
  }
}
