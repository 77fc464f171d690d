package dev.earshot.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The file of a capture, made to be written. 0600, of nobody else's making: never over a file that
 * is there, never through a symbolic link. The writing thread's.
 *
 * <p>Only SQLite may open the file from then on, in this process: closing it elsewhere would let go
 * the locks that SQLite holds (fcntl(2)).
 */
final class CaptureFile implements AutoCloseable {
  /** What SQLite puts beside a file. */
  static final List<String> COMPANIONS = List.of("-wal", "-shm", "-journal");

  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /** The system default of 4 KiB leaves a quarter empty with bodies of 1 KiB. */
  private static final int PAGE = 8192;

  /** A reader that is just opening holds the file for a moment. */
  private static final int BUSY_MILLIS = 200;

  private final Path path;
  private final Object key;
  private final Connection connection;

  private CaptureFile(Path path, Object key, Connection connection) {
    this.path = path;
    this.key = key;
    this.connection = connection;
  }

  /**
   * Makes the file, in a folder that is there.
   *
   * @throws CaptureException if it cannot be made
   */
  static CaptureFile create(Path file) throws CaptureException {
    boolean made = false;
    try {
      for (String companion : COMPANIONS) {
        if (Files.exists(beside(file, companion), LinkOption.NOFOLLOW_LINKS)) {
          throw new FileAlreadyExistsException(beside(file, companion).toString());
        }
      }
      FileChannel.open(
              file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER_ONLY)
          .close();
      made = true;
      Object key = key(file).orElseThrow(() -> new IOException("it is gone again"));
      return open(file, key);
    } catch (FileAlreadyExistsException e) {
      throw CaptureException.exists(String.valueOf(e.getMessage()));
    } catch (IOException | SQLException e) {
      if (made) {
        remove(file);
      }
      throw CaptureException.cannotMake(file, why(e));
    }
  }

  private static CaptureFile open(Path file, Object key) throws SQLException, IOException {
    Connection connection = Sqlite.open(file, Sqlite.Mode.WRITE, BUSY_MILLIS);
    try (var statement = connection.createStatement()) {
      // The name could have been put on another file in between.
      if (!key(file).equals(Optional.of(key))) {
        throw new IOException("another file took its place");
      }
      statement.executeUpdate("PRAGMA page_size = " + PAGE);
      try (var mode = statement.executeQuery("PRAGMA journal_mode = WAL")) {
        if (!mode.getString(1).equals("wal")) {
          throw new IOException("the file system does not let it be shared (no WAL)");
        }
      }
      statement.executeUpdate("PRAGMA synchronous = NORMAL");
      statement.executeUpdate("PRAGMA foreign_keys = OFF");
      Schema.CURRENT.migrate(connection);
      connection.setAutoCommit(false);
      return new CaptureFile(file, key, connection);
    } catch (SQLException | IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static String why(Exception e) {
    return e instanceof NoSuchFileException ? "its folder is not there" : Sqlite.why(e);
  }

  static Path beside(Path file, String companion) {
    return file.resolveSibling(file.getFileName() + companion);
  }

  /** The identity of the file with this name; empty if there is none. */
  private static Optional<Object> key(Path file) throws IOException {
    try {
      var is = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return is.isRegularFile() ? Optional.of(is.fileKey()) : Optional.empty();
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }

  /** Removes a capture with what lies beside it; what cannot be removed stays. */
  static boolean remove(Path file) {
    try {
      removeCompanions(file);
      return Files.deleteIfExists(file);
    } catch (IOException e) {
      return false;
    }
  }

  private static void removeCompanions(Path file) throws IOException {
    for (String companion : COMPANIONS) {
      Files.deleteIfExists(beside(file, companion));
    }
  }

  Path path() {
    return path;
  }

  Connection connection() {
    return connection;
  }

  /** Whether the file still has its name. */
  boolean isThere() throws IOException {
    return key(path).equals(Optional.of(key));
  }

  /**
   * Brings everything into the one file, so that nothing lies beside it; with readers in it, that
   * is left to the last of them.
   */
  void seal() throws SQLException {
    connection.setAutoCommit(true);
    try (var statement = connection.createStatement()) {
      try {
        // Then it can be read where nothing can be written.
        statement.executeUpdate("PRAGMA journal_mode = DELETE");
      } catch (SQLException readers) {
        statement.executeUpdate("PRAGMA wal_checkpoint(TRUNCATE)");
      }
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
    try {
      if (key(path).isEmpty()) {
        // Removed meanwhile: what SQLite leaves beside it then is nobody's, and holds traffic.
        removeCompanions(path);
      }
    } catch (IOException e) {
      // It stays.
    }
  }
}
