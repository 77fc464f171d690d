package dev.earshot.cli;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.Signal;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.Stamped;
import dev.earshot.session.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Follows a headless run: keeps its warnings for the end, at most 20, and does what is to be done
 * once the command has started for the first time, once it was stopped on its own terminal, and
 * once it has ended.
 */
final class Notices {
  private static final int KEPT = 20;

  private final Subscription events;
  private final Runnable onStarted;
  private final Runnable onStopSent;
  private final Runnable onExited;
  private final List<String> warnings = new ArrayList<>();
  private int more;

  private Notices(Subscription events, Runnable onStarted, Runnable onStopSent, Runnable onExited) {
    this.events = events;
    this.onStarted = onStarted;
    this.onStopSent = onStopSent;
    this.onExited = onExited;
  }

  /** A thread that follows until the log is closed; join it to read the {@link #lines}. */
  record Following(Notices notices, Thread thread) {
    List<String> lines() throws InterruptedException {
      thread.join();
      return notices.lines();
    }
  }

  static Following follow(
      Subscription events, Runnable onStarted, Runnable onStopSent, Runnable onExited) {
    var notices = new Notices(events, onStarted, onStopSent, onExited);
    return new Following(
        notices, Thread.ofPlatform().daemon().name("earshot-notices").start(notices::run));
  }

  private List<String> lines() {
    var lines = new ArrayList<>(warnings);
    if (more > 0) {
      lines.add("and " + more + " more warnings");
    }
    return lines;
  }

  private void run() {
    try {
      for (Optional<Stamped> next = events.take(); next.isPresent(); next = events.take()) {
        on(next.get().event());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Not the traffic, of which there is much. */
  static boolean wants(SessionEvent event) {
    return !(event instanceof SessionEvent.Traffic(_, var traffic))
        || traffic instanceof TrafficEvent.Warning;
  }

  private void on(SessionEvent event) {
    switch (event) {
      case SessionEvent.Warning(_, var text, var hint) -> keep(text, hint);
      case SessionEvent.Traffic(_, TrafficEvent.Warning(_, var text, var hint)) -> keep(text, hint);
      case SessionEvent.Command(int run, ProcessEvent.Started _) when run == 1 -> onStarted.run();
      case SessionEvent.Command(_, ProcessEvent.Signaled(var signal, _, _))
          when signal == Signal.STOP ->
          onStopSent.run();
      case SessionEvent.Command(_, ProcessEvent.Exited _) -> onExited.run();
      default -> {
        // The event stream is where the rest is told.
      }
    }
  }

  private void keep(String text, Optional<String> hint) {
    if (warnings.size() < KEPT) {
      warnings.add("warning: " + text + hint.map(h -> "; " + h).orElse(""));
    } else {
      more++;
    }
  }
}
