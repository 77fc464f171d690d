package dev.earshot.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** A program that knows better: it is given bytes on its standard input and answers with bytes. */
record Tool(String debianPackage, List<String> command) {
  static final Tool GZIP = new Tool("gzip", List.of("gzip", "-c"));
  static final Tool GUNZIP = new Tool("gzip", List.of("gzip", "-dc"));
  static final Tool ZSTD = new Tool("zstd", List.of("zstd", "-qc"));

  /** The program brotli at a quality, with a window of a size. */
  static Tool brotli(int quality, int window) {
    return new Tool("brotli", List.of("brotli", "-c", "-q", "" + quality, "-w", "" + window));
  }

  byte[] run(byte[] input) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new AssertionError(
          "%s is missing: install the package %s".formatted(command.getFirst(), debianPackage), e);
    }
    Thread writer = Thread.ofVirtual().start(() -> write(process, input));
    byte[] output;
    try (var out = process.getInputStream()) {
      output = out.readAllBytes();
    }
    writer.join();
    process.getErrorStream().close();
    assertThat(process.waitFor()).as("%s, of the package %s", command, debianPackage).isZero();
    return output;
  }

  private static void write(Process process, byte[] input) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
