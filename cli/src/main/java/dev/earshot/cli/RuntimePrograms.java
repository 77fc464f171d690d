package dev.earshot.cli;

import dev.earshot.session.ClientRuntime;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The programs by which a runtime is known to be there; they are looked for, not run. */
final class RuntimePrograms {
  private RuntimePrograms() {}

  /** Their names; none if the runtime is a library. */
  static List<String> of(ClientRuntime runtime) {
    return switch (runtime) {
      case GENERIC, GRPC -> List.of();
      case AWS -> List.of("aws");
      case CURL -> List.of("curl");
      case DENO -> List.of("deno");
      case ELIXIR -> List.of("elixir", "mix");
      case GCLOUD -> List.of("gcloud");
      case GIT -> List.of("git");
      case HASKELL -> List.of("ghc", "cabal", "stack");
      case JAVA -> List.of("java");
      case NIX -> List.of("nix");
      case NODE -> List.of("node", "npm", "yarn");
      case PERL -> List.of("perl");
      case PHP -> List.of("php");
      case PYTHON -> List.of("python3", "python", "pip");
      case RUST -> List.of("rustc", "cargo");
      case WGET -> List.of("wget");
    };
  }

  /** Where a shell would find them, in the order of their names. */
  static List<Path> found(ClientRuntime runtime, String path) {
    List<Path> found = new ArrayList<>();
    for (String program : of(runtime)) {
      find(program, path).ifPresent(found::add);
    }
    return found;
  }

  private static Optional<Path> find(String program, String path) {
    for (String folder : path.split(":", -1)) {
      try {
        Path file = Path.of(folder.isEmpty() ? "." : folder).resolve(program);
        if (Files.isRegularFile(file) && Files.isExecutable(file)) {
          return Optional.of(file);
        }
      } catch (InvalidPathException none) {
        // A shell finds nothing there either.
      }
    }
    return Optional.empty();
  }
}
