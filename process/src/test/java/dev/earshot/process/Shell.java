package dev.earshot.process;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * An interactive shell on a terminal of its own, driven as a person would: typing, and reading what
 * appears; {@code $EARSHOT} runs {@link TerminalMain}. Python's pty module makes the terminal
 * (Debian package python3).
 */
final class Shell implements AutoCloseable {
  private static final String PTY =
      "import pty; pty.spawn(['bash', '--norc', '--noprofile', '-i'])";

  private final Run run;
  private final OutputStream keys;
  private final Thread reader;
  private final StringBuilder screen = new StringBuilder(); // guarded by itself
  private int seen;

  Shell() throws IOException {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("EARSHOT", java(TerminalMain.class));
    var spec = CommandSpec.of("python3", "-c", PTY).withEnvironment(environment);
    run = Run.of(spec, Run.policy(Run.NOW));
    keys = run.controller().stdin().orElseThrow();
    var out = run.controller().stdout().orElseThrow();
    reader = Thread.ofPlatform().name("screen-reader").start(() -> read(out));
    type("PS1='prom''pt> '; stty cols 500\n");
    see("prompt> ");
  }

  static String java(Class<?> main) {
    return String.join(" ", javaWords(main));
  }

  /** What starts the program, without its arguments. */
  static List<String> javaWords(Class<?> main) {
    return List.of(
        Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path", ""),
        main.getName());
  }

  void type(String text) throws IOException {
    keys.write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Waits until the text appears after what was seen before. */
  String see(String text) {
    return see(Pattern.compile(Pattern.quote(text)));
  }

  /** The match. */
  String see(Pattern pattern) {
    var match = new StringBuilder();
    Eventually.until(
        () -> "to see " + pattern + " in:\n" + screenText() + "\n" + problem(),
        () -> {
          synchronized (screen) {
            var matcher = pattern.matcher(screen);
            if (!matcher.find(seen)) {
              return false;
            }
            seen = matcher.end();
            match.append(matcher.group());
            return true;
          }
        });
    return match.toString();
  }

  private String screenText() {
    synchronized (screen) {
      return screen.toString();
    }
  }

  /** Without python3 there is no screen at all. */
  private String problem() {
    return run.controller()
        .result()
        .map(result -> result + ": is the package python3 there?")
        .orElse("");
  }

  private void read(InputStream out) {
    byte[] piece = new byte[4096];
    try {
      for (int count = out.read(piece); count >= 0; count = out.read(piece)) {
        synchronized (screen) {
          screen.append(new String(piece, 0, count, StandardCharsets.ISO_8859_1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its terminal goes, with which the shell and its jobs hang up. */
  @Override
  public void close() {
    run.controller().stop();
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    run.close();
  }
}
