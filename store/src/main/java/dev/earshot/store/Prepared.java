package dev.earshot.store;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A prepared statement whose values are given one after the other. */
final class Prepared implements AutoCloseable {
  private final PreparedStatement statement;
  private int next = 1;

  Prepared(Connection file, String sql) throws SQLException {
    this.statement = file.prepareStatement(sql);
  }

  Prepared put(long value) throws SQLException {
    statement.setLong(next++, value);
    return this;
  }

  Prepared put(boolean value) throws SQLException {
    return put(value ? 1 : 0);
  }

  Prepared put(String value) throws SQLException {
    statement.setString(next++, value);
    return this;
  }

  Prepared put(byte[] value) throws SQLException {
    statement.setBytes(next++, value);
    return this;
  }

  Prepared put(Optional<String> value) throws SQLException {
    return value.isPresent() ? put(value.get()) : putNull();
  }

  Prepared put(OptionalLong value) throws SQLException {
    return value.isPresent() ? put(value.getAsLong()) : putNull();
  }

  Prepared put(OptionalInt value) throws SQLException {
    return value.isPresent() ? put(value.getAsInt()) : putNull();
  }

  Prepared putNull() throws SQLException {
    statement.setNull(next++, Types.NULL);
    return this;
  }

  /** As a blob, a char a byte. */
  Prepared bytes(String value) throws SQLException {
    return put(value.getBytes(StandardCharsets.ISO_8859_1));
  }

  Prepared bytes(Optional<String> value) throws SQLException {
    return value.isPresent() ? bytes(value.get()) : putNull();
  }

  void run() throws SQLException {
    next = 1;
    statement.executeUpdate();
  }

  /** The first column of the first row; empty without one. */
  OptionalLong number() throws SQLException {
    next = 1;
    try (var rows = statement.executeQuery()) {
      return rows.next() ? OptionalLong.of(rows.getLong(1)) : OptionalLong.empty();
    }
  }

  @Override
  public void close() throws SQLException {
    statement.close();
  }
}
