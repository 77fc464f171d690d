package dev.earshot.session;

import dev.earshot.exchange.TrafficEvent;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * In which run each exchange and each tunnel began. Holds only those that have not ended, of which
 * the proxy bounds the number. Thread-safe; nothing waits for another exchange.
 */
final class ExchangeRuns {
  private final Map<Long, Integer> live = new ConcurrentHashMap<>();
  private volatile int current = 1;

  /** What begins from now on begins in this run. */
  void begin(int run) {
    current = run;
  }

  /**
   * The run to which an event belongs: that in which its exchange or tunnel began, or else the
   * current one. The events of one exchange must come one after the other, each once.
   */
  int of(TrafficEvent event) {
    return switch (event) {
      case TrafficEvent.ExchangeStarted started -> begun(started.id());
      case TrafficEvent.TunnelOpened opened -> begun(opened.id());
      case TrafficEvent.ResponseStarted response -> live.getOrDefault(response.id(), current);
      case TrafficEvent.MessagePassed passed -> live.getOrDefault(passed.id(), current);
      case TrafficEvent.ExchangeFinished finished -> ended(finished.id());
      case TrafficEvent.ExchangeFailed failed -> ended(failed.id());
      case TrafficEvent.TunnelClosed closed -> ended(closed.id());
      // Nothing began that these would belong to.
      case TrafficEvent.TunnelFailed _, TrafficEvent.ConnectionRefused _, TrafficEvent.Warning _ ->
          current;
    };
  }

  private int begun(long id) {
    int run = current;
    live.put(id, run);
    return run;
  }

  private int ended(long id) {
    Integer run = live.remove(id);
    return run == null ? current : run;
  }
}
