package dev.earshot.proxy;

import dev.earshot.content.ContentDecoder;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.RequestHead;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Loads the library for zstd when the first client says that it takes zstd: that takes some hundred
 * milliseconds, which no event loop should spend. Thread-safe.
 */
final class ZstdWarmUp {
  private final Executor blocking;
  private final AtomicBoolean begun = new AtomicBoolean();

  /** Runs the loading on this executor, which may reject it. */
  ZstdWarmUp(Executor blocking) {
    this.blocking = blocking;
  }

  /** A request is on its way. */
  void request(RequestHead head) {
    boolean takesZstd =
        !begun.get()
            && Headers.all(head.headers(), "Accept-Encoding").stream()
                .anyMatch(value -> value.toLowerCase(Locale.ROOT).contains("zstd"));
    if (takesZstd && begun.compareAndSet(false, true)) {
      try {
        blocking.execute(ContentDecoder::warmUp);
      } catch (RejectedExecutionException busy) {
        begun.set(false);
      }
    }
  }
}
