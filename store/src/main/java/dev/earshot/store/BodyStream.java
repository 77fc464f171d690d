package dev.earshot.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** The kept bytes of one body, read a piece at a time; what comes later is read, too. */
final class BodyStream extends InputStream {
  private final Connection connection;
  private final long body;
  private InputStream part;
  private int number;
  private boolean inPieces;

  BodyStream(Connection connection, long body) throws SQLException {
    this.connection = connection;
    this.body = body;
    InputStream whole = part("SELECT codec, data FROM body WHERE id = ?", body, 0);
    this.inPieces = whole == null;
    this.part = whole == null ? InputStream.nullInputStream() : whole;
  }

  /** The part of the body that this selects; null without one. */
  private @Nullable InputStream part(String sql, long id, int piece) throws SQLException {
    try (var query = connection.prepareStatement(sql)) {
      query.setLong(1, id);
      if (piece > 0) {
        query.setInt(2, piece);
      }
      try (var row = query.executeQuery()) {
        byte[] data = row.next() ? row.getBytes(2) : null;
        if (data == null) {
          return null;
        }
        var bytes = new ByteArrayInputStream(data);
        return row.getInt(1) == BodyRows.ZLIB ? new InflaterInputStream(bytes) : bytes;
      }
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (true) {
      int count = part.read(into, offset, length);
      if (count > 0 || !inPieces || !next()) {
        return count > 0 ? count : -1;
      }
    }
  }

  private boolean next() throws IOException {
    try {
      InputStream following =
          part("SELECT codec, data FROM piece WHERE body = ? AND number = ?", body, number + 1);
      if (following == null) {
        return false;
      }
      part.close();
      part = following;
      number++;
      return true;
    } catch (SQLException e) {
      throw new IOException("cannot read the body: " + Sqlite.why(e), e);
    }
  }

  @Override
  public void close() throws IOException {
    part.close();
    part = InputStream.nullInputStream();
    inPieces = false;
  }
}
