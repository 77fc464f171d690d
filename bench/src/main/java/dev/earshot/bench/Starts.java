package dev.earshot.bench;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ProcessController;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.StopPolicy;
import java.util.function.Consumer;

/** The one place where benchmarks start a command, so that all measure the same start. */
final class Starts {
  private Starts() {}

  static ProcessController start(
      CommandSpec spec, StopPolicy policy, Consumer<ProcessEvent> events) {
    return ProcessController.start(spec, policy, events);
  }
}
