package dev.earshot.store;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** The columns of one row, read one after the other. */
final class Columns {
  private final ResultSet row;
  private int next = 1;

  Columns(ResultSet row) {
    this.row = row;
  }

  long number() throws SQLException {
    return row.getLong(next++);
  }

  boolean flag() throws SQLException {
    return number() != 0;
  }

  OptionalLong optionalLong() throws SQLException {
    long value = number();
    return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
  }

  OptionalInt optionalInt() throws SQLException {
    int value = (int) number();
    return row.wasNull() ? OptionalInt.empty() : OptionalInt.of(value);
  }

  Optional<Duration> optionalDuration() throws SQLException {
    return optionalLong().stream()
        .mapToObj(micros -> Duration.of(micros, ChronoUnit.MICROS))
        .findAny();
  }

  Instant instant() throws SQLException {
    return instant(number());
  }

  static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  String text() throws SQLException {
    return String.valueOf(row.getString(next++));
  }

  Optional<String> optionalText() throws SQLException {
    return Optional.ofNullable(row.getString(next++));
  }

  /** A blob as text, a char a byte. */
  Optional<String> bytes() throws SQLException {
    return Optional.ofNullable(row.getBytes(next++))
        .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1));
  }
}
