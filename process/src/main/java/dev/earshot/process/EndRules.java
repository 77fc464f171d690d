package dev.earshot.process;

import java.util.OptionalInt;

/** Which reason the end of a leader gets: from what the kernel said and what was sent before. */
final class EndRules {
  private EndRules() {}

  /** The part of a result that these rules decide. */
  record End(ExitReason reason, OptionalInt code, OptionalInt signal, boolean requested) {}

  /**
   * @param asked the stop signal went out while the kernel said that the leader had not ended
   * @param killed the same for KILL
   */
  static End of(ChildStatus status, boolean asked, boolean killed, Signal stopSignal) {
    if (status.signal().isPresent()) {
      boolean forced = killed && status.signal().getAsInt() == Signal.KILL.number();
      return new End(
          forced ? ExitReason.FORCED_KILL : ExitReason.SIGNAL,
          OptionalInt.empty(),
          status.signal(),
          asked || forced);
    }
    return asked
        ? new End(ExitReason.SIGNAL, status.code(), OptionalInt.of(stopSignal.number()), true)
        : new End(ExitReason.NATURAL, status.code(), OptionalInt.empty(), false);
  }
}
