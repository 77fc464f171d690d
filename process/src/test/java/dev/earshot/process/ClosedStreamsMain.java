package dev.earshot.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A program that was started without standard streams: what it opens gets their numbers. It exits
 * with {@link #RIGHT} if a command's pipes are connected all the same.
 */
final class ClosedStreamsMain {
  static final int RIGHT = 42;

  private ClosedStreamsMain() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    var spec = CommandSpec.of("sh", "-c", "read x; echo out:$x; echo err >&2");
    var policy = StopPolicy.standard().withGrace(Duration.ofSeconds(20));
    try (var controller = ProcessController.start(spec, policy, _ -> {})) {
      try (var in = controller.stdin().orElseThrow()) {
        in.write("in\n".getBytes(StandardCharsets.UTF_8));
      }
      var out = controller.stdout().orElseThrow().readAllBytes();
      var err = controller.stderr().orElseThrow().readAllBytes();
      var text = new String(out, StandardCharsets.UTF_8) + new String(err, StandardCharsets.UTF_8);
      boolean right = text.equals("out:in\nerr\n") && controller.await().exitCode().orElse(-1) == 0;
      System.exit(right ? RIGHT : 1);
    }
  }
}
