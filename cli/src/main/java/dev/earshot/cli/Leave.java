package dev.earshot.cli;

import dev.earshot.process.Signal;

/** How the program ends. */
sealed interface Leave {
  /** With an exit code, 0 to 255. */
  record WithCode(int code) implements Leave {}

  /** Killed by a signal, so that a shell sees that and stops its loops. */
  record BySignal(Signal signal) implements Leave {}
}
