package dev.earshot.proxy.tls;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs the programs that judge what we made. */
final class Commands {
  private Commands() {}

  /**
   * What a program said, on both its outputs.
   *
   * @param code its exit code
   */
  record Said(int code, String text) {}

  /** Runs it to its end, with nothing on its input. */
  static Said run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .start();
    try (var output = process.getInputStream()) {
      String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
      return new Said(process.waitFor(), text);
    }
  }
}
