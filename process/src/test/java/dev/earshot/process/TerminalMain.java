package dev.earshot.process;

import java.time.Duration;

/** A program that runs its arguments as a command on its terminal, and tells how that ended. */
final class TerminalMain {
  private TerminalMain() {}

  public static void main(String[] args) throws InterruptedException {
    var spec = CommandSpec.of(args).withStdio(Stdio.inherit()).withTerminal(TerminalUse.HAND_OVER);
    var policy = new StopPolicy(Signal.TERM, Duration.ofSeconds(20), Duration.ofSeconds(20));
    try (var controller = ProcessController.start(spec, policy, _ -> {})) {
      var result = controller.await();
      boolean ours;
      try (var terminal = Terminal.open(3).orElseThrow()) {
        ours = terminal.isOurs();
      }
      System.err.printf(
          "ENDED %s code=%s signal=%s requested=%s ours=%s handedOver=%s%n",
          result.reason(),
          result.exitCode().orElse(-1),
          result.signal().orElse(-1),
          result.requested(),
          ours,
          controller.handedOver());
    }
  }
}
