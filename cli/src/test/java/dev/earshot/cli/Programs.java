package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Programs of the machine that a test drives. */
public final class Programs {
  private Programs() {}

  /** Fails if a program is not there, and tells what to install. */
  public static void needs(String program, String debianPackage) {
    boolean there =
        Stream.concat(
                Stream.of(System.getenv("PATH").split(File.pathSeparator, -1)),
                Stream.of("/usr/sbin"))
            .map(Path::of)
            .anyMatch(entry -> Files.isExecutable(entry.resolve(program)));
    assertThat(there).as("%s is there; install the package %s", program, debianPackage).isTrue();
  }
}
