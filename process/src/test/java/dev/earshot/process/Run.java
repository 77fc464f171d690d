package dev.earshot.process;

import dev.earshot.testkit.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A shell script under a controller, with its output line by line and all its events. */
record Run(ProcessController controller, List<ProcessEvent> events, BufferedReader out)
    implements AutoCloseable {
  /** Whatever waits this long is not waited for. */
  static final Duration NEVER = Duration.ofHours(1);

  static final Duration NOW = Duration.ZERO;

  /** Reads a line, then exits with 3: it lives as long as its standard input is open. */
  static final String OBEDIENT = "echo ready; read _; exit 3";

  static final String STUBBORN = "trap '' TERM; " + OBEDIENT;

  static StopPolicy policy(Duration grace) {
    return new StopPolicy(Signal.TERM, grace, Duration.ofSeconds(20));
  }

  static CommandSpec sh(String script) {
    return CommandSpec.of("/bin/sh", "-c", script);
  }

  static Run of(CommandSpec spec, StopPolicy policy) {
    List<ProcessEvent> events = new CopyOnWriteArrayList<>();
    return of(ProcessController.start(spec, policy, events::add), events);
  }

  static Run of(Containment containment, CommandSpec spec, StopPolicy policy) {
    List<ProcessEvent> events = new CopyOnWriteArrayList<>();
    return of(ProcessController.start(containment, spec, policy, events::add), events);
  }

  /** Of one that has a listener of its own. */
  static Run of(ProcessController controller) {
    return of(controller, List.of());
  }

  private static Run of(ProcessController controller, List<ProcessEvent> events) {
    var out = controller.stdout().orElseGet(InputStream::nullInputStream);
    var lines = new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8));
    return new Run(controller, events, lines);
  }

  /** The signals that were sent, in order. */
  List<ProcessEvent.Signaled> signaled() {
    return events.stream()
        .filter(ProcessEvent.Signaled.class::isInstance)
        .map(ProcessEvent.Signaled.class::cast)
        .toList();
  }

  /** Returns once the script has printed its first line. */
  static Run ready(String script, Duration grace) throws IOException {
    var run = of(sh(script), policy(grace));
    run.line();
    return run;
  }

  /** The next line; empty at the end. */
  String line() throws IOException {
    String line = out.readLine();
    return line == null ? "" : line;
  }

  ProcessResult await() throws InterruptedException {
    return controller.await();
  }

  /** Of the command; waits until the controller knows it, which output may come before. */
  long pid() {
    Eventually.until("it runs", () -> controller.pid().isPresent());
    return controller.pid().orElseThrow();
  }

  static List<ProcessTable.Entry> livingInGroup(long group) {
    return ProcessTable.all().stream()
        .filter(each -> each.group() == group && each.isAlive())
        .toList();
  }

  /** Why signals were sent, in order. */
  List<ProcessEvent.Why> whys() {
    return signaled().stream().map(ProcessEvent.Signaled::why).toList();
  }

  @Override
  public void close() {
    controller.close();
  }
}
