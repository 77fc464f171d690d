package dev.earshot.session;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A session's own folder: 0700, and gone with the session. */
final class SessionFolder implements AutoCloseable {
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  /** The one folder in it. */
  static final String PHP = "php";

  /** The one file in that. */
  static final String PHP_FILE = "earshot.ini";

  /**
   * All files that a session writes into its folder, by their names within it: nothing else is
   * removed of what a dead session left.
   */
  static final Set<String> FILES = files();

  /** A record that is kept only while the session lives, with what SQLite puts beside it. */
  static final String CAPTURE = "capture.db";

  private final Path path;
  private final Path parent;

  private SessionFolder(Path path, Path parent) {
    this.path = path;
    this.parent = parent;
  }

  /** Makes the folder, and its parents where they are missing. */
  static SessionFolder create(Path sessions, String session) throws IOException {
    Files.createDirectories(sessions, OWNER_ONLY);
    return new SessionFolder(
        Files.createDirectory(sessions.resolve(session), OWNER_ONLY), sessions);
  }

  private static Set<String> files() {
    Set<String> files =
        new TreeSet<>(
            List.of(
                "earshot-ca.pem",
                "ca-bundle.pem",
                "truststore.p12",
                "wgetrc",
                PHP + "/" + PHP_FILE,
                CAPTURE,
                CAPTURE + "-wal",
                CAPTURE + "-shm",
                CAPTURE + "-journal",
                SessionRecordFile.NAME,
                SessionRecordFile.UNFINISHED));
    for (ChildVariable variable : ChildVariable.ALL) {
      if (variable.content() == ChildVariable.Content.EXTRA_CA) {
        files.add(variable.name() + ".pem");
      }
    }
    return Set.copyOf(files);
  }

  Path path() {
    return path;
  }

  /** Removes the folder with all in it; links are removed, not followed. */
  @Override
  public void close() throws IOException {
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException problem)
              throws IOException {
            if (problem != null) {
              throw problem;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
    // The temporary parent of a user without HOME is nobody else's; any other stays.
    if (SessionFolders.isTemporary(parent)) {
      Files.deleteIfExists(parent);
    }
  }
}
