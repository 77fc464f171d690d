package dev.earshot.cli.interop;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A server in a process of its own. Its stdout is lines of JSON: first its ports by name, then each
 * request that it has answered, as it saw it. It ends with its stdin.
 */
final class OriginProcess implements AutoCloseable {
  private final ObjectMapper json = new ObjectMapper();
  private final Process process;
  private final Path out;
  private final Path err;
  private final JsonNode ports;
  private int told = 1;

  private OriginProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
    Eventually.until(this::what, () -> !lines().isEmpty() || !process.isAlive());
    this.ports = json.readTree(lines().getFirst());
  }

  static OriginProcess start(List<String> command, Path out, Path err) throws IOException {
    return new OriginProcess(
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start(),
        out,
        err);
  }

  int port(String name) {
    return ports.required(name).asInt();
  }

  /** What was asked since this was called last, without waiting. */
  List<JsonNode> seen() {
    List<String> lines = lines();
    List<JsonNode> seen = lines.subList(told, lines.size()).stream().map(json::readTree).toList();
    told = lines.size();
    return seen;
  }

  /** How many requests {@link #seen} would tell. */
  int count() {
    return lines().size() - told;
  }

  @Override
  public void close() throws IOException {
    try {
      process.getOutputStream().close();
      Eventually.until(this::what, () -> !process.isAlive());
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().onExit().join();
    }
  }

  /** Whole lines only: the last may be in the middle of being written. */
  List<String> lines() {
    String text = read(out);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  private String what() {
    return "an origin that is ready and ends with its input; it said: " + read(err) + read(out);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
