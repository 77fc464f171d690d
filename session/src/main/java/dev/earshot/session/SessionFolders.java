package dev.earshot.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where Earshot keeps things, by the XDG base directory specification.
 *
 * @param certificates the folder of the certificate authority; empty to keep it in memory
 * @param sessions the folder in which each session has one of its own
 * @param temporary the same, for when that cannot be written
 * @param captures the folder of the records of sessions; empty to keep none
 */
public record SessionFolders(
    Optional<Path> certificates, Path sessions, Path temporary, Optional<Path> captures) {
  /** How the folder in the system's folder for temporary files begins. */
  private static final String TEMPORARY = "earshot-";

  /**
   * The folders of a user. Without a HOME that is there, the certificate authority stays in memory
   * and sessions live in the system's folder for temporary files.
   */
  public static SessionFolders of(Map<String, String> environment) {
    Optional<Path> home = absolute(environment, "HOME").filter(Files::isDirectory);
    Optional<Path> data =
        absolute(environment, "XDG_DATA_HOME").or(() -> home.map(h -> h.resolve(".local/share")));
    Optional<Path> state =
        absolute(environment, "XDG_STATE_HOME").or(() -> home.map(h -> h.resolve(".local/state")));
    return new SessionFolders(
        data.map(folder -> folder.resolve("earshot").resolve("ca")),
        state
            .map(folder -> folder.resolve("earshot").resolve("sessions"))
            .orElseGet(() -> temporary(environment)),
        temporary(environment),
        state.map(folder -> folder.resolve("earshot").resolve("captures")));
  }

  /** The folder of the session with this id, wherever it is; empty if there is none. */
  public Optional<Path> folderOf(String session) {
    return Stream.of(sessions, temporary)
        .map(folder -> folder.resolve(session))
        .filter(Files::isDirectory)
        .findFirst();
  }

  /** Whether a folder for sessions is that of one process, in the one for temporary files. */
  static boolean isTemporary(Path folder) {
    Path name = folder.getFileName();
    return name != null && name.toString().matches(TEMPORARY + "[0-9]{1,10}");
  }

  private static Path temporary(Map<String, String> environment) {
    return absolute(environment, "TMPDIR")
        .orElse(Path.of("/tmp"))
        .resolve(TEMPORARY + ProcessHandle.current().pid());
  }

  private static Optional<Path> absolute(Map<String, String> environment, String name) {
    String value = environment.getOrDefault(name, "");
    return value.startsWith("/") ? Optional.of(Path.of(value)) : Optional.empty();
  }
}
