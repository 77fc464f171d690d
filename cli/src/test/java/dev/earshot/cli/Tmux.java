package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A real terminal, 100 by 30, in which an interactive bash runs; driven and read through tmux. */
final class Tmux implements AutoCloseable {
  private static final long HANG_GUARD_SECONDS = 20;

  private final Path socket;

  private Tmux(Path socket) {
    this.socket = socket;
  }

  /**
   * Opens the terminal; its prompt is {@code OUT>}.
   *
   * @param folder for the socket; also the folder in which bash starts
   */
  static Tmux open(Path folder, Map<String, String> environment) throws Exception {
    var tmux = new Tmux(folder.resolve("tmux"));
    List<String> bash = new ArrayList<>(List.of("env", "-i"));
    environment.forEach((name, value) -> bash.add(name + "=" + value));
    bash.addAll(
        List.of("TERM=screen", "HISTFILE=/dev/null", "PS1=OUT> ", "bash", "--norc", "--noprofile"));
    List<String> command =
        new ArrayList<>(
            List.of("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "-c"));
    command.add(folder.toString());
    command.addAll(bash);
    tmux.run(command);
    tmux.await("OUT>");
    return tmux;
  }

  /** Types text and Enter. */
  void line(String text) throws Exception {
    run(List.of("send-keys", "-l", text));
    keys("Enter");
  }

  /** Presses keys by their tmux names, such as {@code C-c}. */
  void keys(String... names) throws Exception {
    List<String> command = new ArrayList<>(List.of("send-keys"));
    command.addAll(List.of(names));
    run(command);
  }

  void resize(int columns, int rows) throws Exception {
    run(List.of("resize-window", "-x", String.valueOf(columns), "-y", String.valueOf(rows)));
  }

  /** Waits until a line of the screen matches. */
  void await(String line) {
    Pattern pattern = Pattern.compile(line, Pattern.MULTILINE);
    Eventually.until(
        () -> "a line matches " + line + " on:\n" + screen(),
        () -> pattern.matcher(screen()).find());
  }

  String screen() {
    try {
      return run(List.of("capture-pane", "-p"));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      run(List.of("kill-server"));
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private String run(List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("tmux", "-S", socket.toString()));
    command.addAll(arguments);
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new AssertionError("tmux is missing: install the package tmux", e);
    }
    try (var output = process.getInputStream()) {
      process.getOutputStream().close();
      String text = new String(output.readAllBytes(), UTF_8);
      if (!process.waitFor(HANG_GUARD_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError(command + ": " + text);
      }
      return text;
    }
  }
}
