package dev.earshot.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteException;

/** Opens files of SQLite, and puts its errors into words. */
final class Sqlite {
  /** How a file is opened. */
  enum Mode {
    /** It is there, and is written. */
    WRITE("mode=rw"),
    /** It is there, and is only read. */
    READ("mode=ro"),
    /** The same on a medium on which nothing can be made, where nobody else writes. */
    READ_UNCHANGING("mode=ro&immutable=1");

    private final String parameters;

    Mode(String parameters) {
      this.parameters = parameters;
    }
  }

  private Sqlite() {}

  /**
   * Opens a file that is there.
   *
   * @param busyMillis how long to wait for another's lock
   */
  static Connection open(Path file, Mode mode, int busyMillis) throws SQLException, IOException {
    var problem = SqliteLibrary.problem();
    if (problem.isPresent()) {
      throw new IOException(problem.get());
    }
    var properties = new Properties();
    properties.setProperty("busy_timeout", String.valueOf(busyMillis));
    // Otherwise each insert is followed by a query for a key that nobody asks for: a quarter of
    // all.
    properties.setProperty(SQLiteConfig.Pragma.JDBC_GET_GENERATED_KEYS.pragmaName, "false");
    return JDBC.createConnection(
        JDBC.PREFIX + "file:" + encoded(file.toAbsolutePath()) + "?" + mode.parameters, properties);
  }

  /** As in a URI: a question mark in a file's name must not begin the parameters. */
  private static String encoded(Path file) {
    var encoded = new StringBuilder();
    for (byte each : file.toString().getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (each & 0xFF);
      boolean plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (plain || "/-_.".indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append('%').append(String.format("%02X", (int) c));
      }
    }
    return encoded.toString();
  }

  /** What went wrong, in a few words. */
  static String why(Exception problem) {
    if (!(problem instanceof SQLiteException sqlite)) {
      return String.valueOf(problem.getMessage());
    }
    return switch (sqlite.getResultCode()) {
      case SQLITE_FULL -> "the disk is full";
      case SQLITE_NOTADB -> "it is not a database of SQLite";
      case SQLITE_CORRUPT, SQLITE_CORRUPT_INDEX, SQLITE_CORRUPT_SEQUENCE, SQLITE_CORRUPT_VTAB ->
          "it is damaged";
      case SQLITE_READONLY, SQLITE_READONLY_DBMOVED -> "it cannot be written any more";
      case SQLITE_BUSY, SQLITE_LOCKED -> "another program holds it locked";
      case SQLITE_CANTOPEN -> "it cannot be opened";
      default ->
          "SQLite says: "
              + String.valueOf(sqlite.getMessage()).replace('\n', ' ').replace('\r', ' ');
    };
  }
}
