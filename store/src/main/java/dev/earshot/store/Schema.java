package dev.earshot.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * The layout of a capture file, in versions from 1: each step makes the next version out of the one
 * before, the first one out of an empty file.
 *
 * @param steps the SQL of each step
 */
record Schema(List<String> steps) {
  /** In the file's header: "Ears". */
  static final int APPLICATION_ID = 0x45617273;

  /** What this Earshot writes. */
  static final Schema CURRENT = new Schema(List.of(resource("schema-1.sql")));

  Schema {
    steps = List.copyOf(steps);
  }

  /** The newest version. */
  int version() {
    return steps.size();
  }

  /** Brings an empty file, or one of an older version, to the newest: wholly or not at all. */
  void migrate(Connection file) throws SQLException {
    file.setAutoCommit(false);
    try (var statement = file.createStatement()) {
      for (int version = number(file, "user_version"); version < version(); version++) {
        statement.executeUpdate(steps.get(version));
      }
      statement.executeUpdate("PRAGMA application_id = " + APPLICATION_ID);
      statement.executeUpdate("PRAGMA user_version = " + version());
      file.commit();
    } finally {
      file.rollback();
      file.setAutoCommit(true);
    }
  }

  /**
   * Checks that a file is one that can be read.
   *
   * @param name how its user calls it
   * @return its version
   * @throws CaptureException if it is no capture, or a newer one
   */
  int check(Connection file, String name) throws SQLException, CaptureException {
    int version = number(file, "user_version");
    if (number(file, "application_id") != APPLICATION_ID || version == 0) {
      throw CaptureException.notACapture(name);
    }
    if (version > version()) {
      throw CaptureException.newer(name, version, version());
    }
    return version;
  }

  private static int number(Connection file, String pragma) throws SQLException {
    try (var statement = file.createStatement();
        var row = statement.executeQuery("PRAGMA " + pragma)) {
      return row.getInt(1);
    }
  }

  private static String resource(String name) {
    try (InputStream text = Schema.class.getResourceAsStream(name)) {
      if (text == null) {
        throw new IllegalStateException("the program lacks " + name);
      }
      return new String(text.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
