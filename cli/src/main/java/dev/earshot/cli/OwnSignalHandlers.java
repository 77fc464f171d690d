package dev.earshot.cli;

import dev.earshot.process.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import sun.misc.SignalHandler;

/**
 * What signals to Earshot itself do while a session runs. One that was ignored when Earshot started
 * stays ignored (nohup, or a background job of a plain shell).
 */
final class OwnSignalHandlers implements AutoCloseable {
  private record Former(sun.misc.Signal signal, SignalHandler handler) {}

  private final List<Former> former = new ArrayList<>();
  private final long ignored;

  /**
   * Nothing is handled yet.
   *
   * @param ignored the signals to leave alone, as a mask whose bit n-1 is signal n
   */
  OwnSignalHandlers(long ignored) {
    this.ignored = ignored;
  }

  /** Calls the action, on a thread of the JVM's, whenever the signal comes. */
  void on(Signal signal, Consumer<Signal> action) {
    if ((ignored & (1L << (signal.number() - 1))) != 0) {
      return;
    }
    var theirs = new sun.misc.Signal(signal.name());
    former.add(new Former(theirs, sun.misc.Signal.handle(theirs, _ -> action.accept(signal))));
  }

  /** Puts back what was there before. */
  @Override
  public void close() {
    former.reversed().forEach(one -> sun.misc.Signal.handle(one.signal(), one.handler()));
    former.clear();
  }
}
