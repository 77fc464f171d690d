package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The program sqlite3, of the Debian package of that name. */
final class Sql {
  private Sql() {}

  /** What it prints. */
  static String ask(Path file, String sql) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(List.of("sqlite3", "-readonly", file.toString(), sql))
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      throw new AssertionError("sqlite3 cannot be run: install the package sqlite3", e);
    }
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), out);
    return out.strip();
  }
}
