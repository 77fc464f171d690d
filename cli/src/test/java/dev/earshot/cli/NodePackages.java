package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The scripts of a folder below {@code src/test} with the packages they use, as they are locked.
 */
public final class NodePackages {
  private NodePackages() {}

  /** Copies the scripts into {@code target} and installs what they need, once for each lock. */
  public static Path install(String folder) throws IOException, InterruptedException {
    Path source = Path.of("src", "test", folder);
    Path target = Files.createDirectories(Path.of("target", folder).toAbsolutePath());
    boolean installed =
        Files.exists(target.resolve("node_modules/.package-lock.json"))
            && Files.exists(target.resolve("package-lock.json"))
            && Files.mismatch(
                    source.resolve("package-lock.json"), target.resolve("package-lock.json"))
                < 0;
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.write(target.resolve(file.getFileName()), Files.readAllBytes(file));
      }
    }
    if (!installed) {
      Process npm =
          new ProcessBuilder("npm", "ci")
              .directory(target.toFile())
              .redirectErrorStream(true)
              .start();
      npm.getOutputStream().close();
      String said = new String(npm.getInputStream().readAllBytes(), UTF_8);
      assertThat(npm.waitFor()).as("npm ci: " + said).isZero();
    }
    return target;
  }

  /** The Node 24 that was installed as a package; the Node on PATH may be any. */
  public static Path node24(Path installed) {
    String name = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64";
    return installed.resolve("node_modules/node-linux-" + name + "/bin/node");
  }
}
