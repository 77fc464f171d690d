package dev.earshot.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.UUID;
import org.sqlite.JDBC;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.OSInfo;

/**
 * The native library of sqlite-jdbc, loaded when it is first asked for. By itself sqlite-jdbc would
 * unpack it at each start, compare what it wrote, and leave it in the temporary directory when
 * killed. Here it is loaded from where the launcher says it was unpacked, by sqlite-jdbc's own
 * property; else from a file that loses its name in the system call after the one that makes it.
 */
final class SqliteLibrary {
  private static final String FOLDER = "org.sqlite.lib.path";
  private static final String NAME = "org.sqlite.lib.name";

  /** A folder that the loader looks through for what earlier versions left there. */
  private static final String LEFTOVERS = "org.sqlite.tmpdir";

  private static final String FILE = "libsqlitejdbc.so";
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private SqliteLibrary() {}

  /** Why SQLite cannot be used here; empty if it can. The first call loads the library. */
  static Optional<String> problem() {
    return Loading.PROBLEM;
  }

  private static final class Loading {
    static final Optional<String> PROBLEM = load();
  }

  private static Optional<String> load() {
    String folder = System.getProperty(FOLDER, "");
    if (!folder.isEmpty() && load(Path.of(folder, FILE)).isEmpty()) {
      return Optional.empty();
    }
    return loadFrom(List.of(Path.of(System.getProperty("java.io.tmpdir")), Path.of("/dev/shm")));
  }

  /** Loads it from an unnamed file in the first folder that lets it; why none did, if none did. */
  static Optional<String> loadFrom(List<Path> folders) {
    var problems = new StringJoiner("; ");
    for (Path folder : folders) {
      try {
        Optional<String> problem = unnamed(folder);
        if (problem.isEmpty()) {
          return problem;
        }
        problems.add(problem.get());
      } catch (IOException e) {
        // The other may be there, be writable and let programs be mapped.
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    return Optional.of("cannot load the library of SQLite: " + problems);
  }

  /**
   * First by ourselves, as the loader would write its failure to stderr; then it finds it loaded.
   */
  @SuppressWarnings("restricted")
  private static Optional<String> load(Path library) {
    try {
      System.load(library.toString());
      System.setProperty(FOLDER, String.valueOf(library.getParent()));
      System.setProperty(NAME, String.valueOf(library.getFileName()));
      System.setProperty(LEFTOVERS, String.valueOf(library.getParent()));
      SQLiteJDBCLoader.initialize();
      return Optional.empty();
    } catch (Exception | LinkageError e) {
      // The loader declares no less.
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private static Optional<String> unnamed(Path folder) throws IOException {
    Path file = folder.resolve("earshot-sqlite-" + UUID.randomUUID());
    try (InputStream library = JDBC.class.getResourceAsStream(resource());
        // On Linux deleted as soon as it is open.
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE)) {
      if (library == null) {
        throw new IOException("sqlite-jdbc has none for " + System.getProperty("os.arch"));
      }
      ByteBuffer content = ByteBuffer.wrap(library.readAllBytes());
      while (content.hasRemaining()) {
        channel.write(content);
      }
      return load(descriptor(file));
    }
  }

  private static String resource() {
    return "/org/sqlite/native/" + OSInfo.getNativeLibFolderPathForCurrentOS() + "/" + FILE;
  }

  /** The open file's entry under /proc, whose target is its name with a remark. */
  private static Path descriptor(Path file) throws IOException {
    String name = file.getFileName() + " (deleted)";
    try (var descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path each : descriptors) {
        if (target(each).endsWith(name)) {
          return each;
        }
      }
    }
    throw new IOException("cannot see it in " + DESCRIPTORS);
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException closedMeanwhile) {
      return "";
    }
  }
}
