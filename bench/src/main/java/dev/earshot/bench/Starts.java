package dev.earshot.bench;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.Containment;
import dev.earshot.process.ProcessController;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.StopPolicy;
import java.util.function.Consumer;

/**
 * Where benchmarks start their commands, so that all measure the same start: within one
 * containment, as the runs of a session are, with its guardian and every layer that the machine
 * has.
 */
final class Starts implements AutoCloseable {
  private final Containment containment =
      Containment.open(Containment.Plan.of("bench-" + ProcessHandle.current().pid()));

  ProcessController start(CommandSpec spec, StopPolicy policy, Consumer<ProcessEvent> events) {
    return ProcessController.start(containment, spec, policy, events);
  }

  @Override
  public void close() {
    containment.close();
  }
}
