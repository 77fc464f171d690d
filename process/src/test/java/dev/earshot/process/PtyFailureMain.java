package dev.earshot.process;

import java.time.Duration;

/** A program that runs its arguments on a pseudo-terminal, and tells why it could not. */
final class PtyFailureMain {
  private PtyFailureMain() {}

  public static void main(String[] args) throws InterruptedException {
    var spec = CommandSpec.of(args).withPty(TerminalSize.STANDARD);
    var policy = new StopPolicy(Signal.TERM, Duration.ZERO, Duration.ofSeconds(20));
    try (var controller = ProcessController.start(spec, policy, _ -> {})) {
      var result = controller.await();
      System.out.println(
          result.reason()
              + result
                  .startFailure()
                  .map(why -> " %s %s: %s".formatted(why.stage(), why.errnoName(), why.hint()))
                  .orElse(""));
    }
  }
}
