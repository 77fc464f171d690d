package dev.earshot.process;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A command on a pseudo-terminal of 90 by 33, whose output is read as it comes. */
final class PtyRun implements AutoCloseable {
  static final TerminalSize SIZE = new TerminalSize(90, 33);

  private final ProcessController controller;
  private final List<ProcessEvent> events = new CopyOnWriteArrayList<>();
  private final Thread reader;
  private final StringBuilder screen = new StringBuilder(); // guarded by itself
  private int seen;

  PtyRun(CommandSpec spec, StopPolicy policy) {
    controller = ProcessController.start(spec.withPty(SIZE), policy, events::add);
    reader = Thread.ofPlatform().name("pty-reader").start(this::read);
  }

  static PtyRun sh(String script) {
    return new PtyRun(Run.sh(script), Run.policy(Run.NOW));
  }

  ProcessController controller() {
    return controller;
  }

  Pty pty() {
    return controller.pty().orElseThrow();
  }

  List<ProcessEvent> events() {
    return events;
  }

  void type(String text) throws IOException {
    pty().input().write(text.getBytes(StandardCharsets.UTF_8));
  }

  MatchResult see(String text) {
    return see(Pattern.compile(Pattern.quote(text)));
  }

  /** Waits until a match appears after what was seen before. */
  MatchResult see(Pattern pattern) {
    var match = new MatchResult[1];
    Eventually.until(
        () -> "to see " + pattern + " in:\n" + text(),
        () -> {
          synchronized (screen) {
            var matcher = pattern.matcher(screen);
            if (!matcher.find(seen)) {
              return false;
            }
            seen = matcher.end();
            match[0] = matcher.toMatchResult();
            return true;
          }
        });
    return match[0];
  }

  /** All that it showed, once that is at its end. */
  String toTheEnd() throws InterruptedException {
    reader.join();
    return text();
  }

  private String text() {
    synchronized (screen) {
      return screen.toString();
    }
  }

  private void read() {
    byte[] piece = new byte[4096];
    try (var out = pty().output()) {
      for (int count = out.read(piece); count >= 0; count = out.read(piece)) {
        synchronized (screen) {
          screen.append(new String(piece, 0, count, StandardCharsets.ISO_8859_1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    controller.close();
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
