package dev.earshot.bench;

import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessController;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.StopPolicy;
import java.io.IOException;
import java.io.InputStream;

/** A command that runs, with its standard output in a pipe. */
final class Child implements AutoCloseable {
  private final ProcessController controller;

  private Child(ProcessController controller) {
    this.controller = controller;
  }

  /** Returns once the command runs; one that could not be started fails the benchmark. */
  static Child start(Starts starts, CommandSpec spec, StopPolicy policy) {
    var controller = starts.start(spec, policy, _ -> {});
    require(controller.pid().isPresent(), "it did not start");
    return new Child(controller);
  }

  void stop() {
    controller.stop();
  }

  ProcessResult await() throws InterruptedException {
    return controller.await();
  }

  /** Reads one byte: the command says so that it is ready. */
  void awaitReady() throws IOException {
    require(output().read() >= 0, "the command ended before it was ready");
  }

  /** Reads to the end, which comes with the end of the last process that has the output open. */
  void awaitOutputEnd() throws IOException {
    InputStream output = output();
    while (output.read() >= 0) {
      // What the command says does not matter.
    }
  }

  /** Waits for the end, and refuses one that was not meant to be measured. */
  ProcessResult awaitEnd(ExitReason reason) throws InterruptedException {
    ProcessResult result = controller.await();
    require(result.reason() == reason, "not the end that was to be measured: " + result);
    require(result.error().isEmpty() && result.survivors().isEmpty(), "not a clean end: " + result);
    return result;
  }

  @Override
  public void close() {
    controller.close();
  }

  /** Fails the benchmark: what was measured is not what it asks about. */
  static void require(boolean met, String otherwise) {
    if (!met) {
      throw new AssertionError(otherwise);
    }
  }

  private InputStream output() {
    return controller.stdout().orElseThrow();
  }
}
