package dev.earshot.store;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.Deflater;

/**
 * Writes bodies. One that is whole when it is first written is a row, which equal ones of the
 * latest share; any other is written in pieces as they come. The writing thread's.
 */
final class BodyRows implements AutoCloseable {
  /** As it is. */
  static final int PLAIN = 0;

  /** As RFC 1950 says. */
  static final int ZLIB = 1;

  /** Below it, compressing costs more than writing. */
  private static final int SHORTEST_TO_PACK = 2 << 10;

  /** A piece is read as a whole. */
  private static final int LARGEST_PIECE = 256 << 10;

  private static final int REMEMBERED = 8192;

  private final Prepared insert;
  private final Prepared piece;
  private final Masking masking;
  private final CaptureLimits limits;
  private final MessageDigest sha;
  private final Deflater deflater = new Deflater(Deflater.BEST_SPEED);
  private final Map<Hash, Long> latest =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Hash, Long> eldest) {
          return size() > REMEMBERED;
        }
      };
  private long rows;

  /** The first half of a SHA-256. */
  private record Hash(long first, long second) {}

  BodyRows(Connection file, Masking masking, CaptureLimits limits) throws SQLException {
    this.insert =
        new Prepared(file, "INSERT INTO body (id, codec, bytes, data) VALUES (?, ?, ?, ?)");
    this.piece =
        new Prepared(
            file, "INSERT INTO piece (body, number, codec, bytes, data) VALUES (?, ?, ?, ?, ?)");
    this.masking = masking;
    this.limits = limits;
    try {
      this.sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  /**
   * Writes what may be written of a body that goes on.
   *
   * @param hurried whether to save work
   */
  void goesOn(HeldBody body, boolean hurried) throws SQLException {
    if (body.held() > 0 && !body.mustBeWhole()) {
      pieces(body, hurried);
    }
  }

  /**
   * Writes the rest of a body.
   *
   * @param bytes on the wire
   */
  void ended(HeldBody body, long bytes, boolean hurried) throws SQLException {
    if (body.treatment() instanceof BodyTreatment.Mask how && body.mustBeWhole()) {
      masked(body, how, bytes);
    } else if (body.row() == 0 && body.held() > 0 && body.held() <= limits.held()) {
      whole(body, body.take(), hurried);
    } else if (body.held() > 0) {
      pieces(body, hurried);
    }
  }

  private void masked(HeldBody body, BodyTreatment.Mask how, long bytes) throws SQLException {
    boolean complete = body.taken() == bytes;
    if (body.held() == 0 && complete) {
      return;
    }
    Optional<byte[]> text =
        complete ? masking.body(body.take(), how, limits.held()) : Optional.empty();
    if (text.isEmpty()) {
      body.mask();
    } else {
      whole(body, text.get(), false);
    }
  }

  private void whole(HeldBody body, byte[] bytes, boolean hurried) throws SQLException {
    Hash hash = hash(bytes);
    Long known = latest.get(hash);
    if (known == null) {
      known = ++rows;
      put(insert.put(known), body, bytes, hurried);
      insert.run();
      latest.put(hash, known);
    }
    body.written(known, bytes.length);
  }

  private Hash hash(byte[] bytes) {
    var digest = ByteBuffer.wrap(sha.digest(bytes));
    return new Hash(digest.getLong(), digest.getLong());
  }

  private void pieces(HeldBody body, boolean hurried) throws SQLException {
    byte[] bytes = body.take();
    if (body.row() == 0) {
      body.written(++rows, 0);
      insert.put(rows).put(PLAIN).put(0).putNull().run();
    }
    for (int at = 0; at < bytes.length; at += LARGEST_PIECE) {
      byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + LARGEST_PIECE));
      put(piece.put(body.row()).put(body.nextPiece()), body, part, hurried);
      piece.run();
      body.written(body.row(), part.length);
    }
  }

  /** The codec, the size, and the bytes. */
  private void put(Prepared row, HeldBody body, byte[] bytes, boolean hurried) throws SQLException {
    Optional<byte[]> packed = hurried || !packable(body, bytes) ? Optional.empty() : packed(bytes);
    row.put(packed.isPresent() ? ZLIB : PLAIN).put(bytes.length).put(packed.orElse(bytes));
  }

  private static boolean packable(HeldBody body, byte[] bytes) {
    return bytes.length >= SHORTEST_TO_PACK
        && switch (body.treatment()) {
          case BodyTreatment.Keep(boolean packable) -> packable;
          case BodyTreatment.Mask _, BodyTreatment.Drop _ -> true;
        };
  }

  /** Compressed, if that saves a quarter. */
  private Optional<byte[]> packed(byte[] bytes) {
    byte[] out = new byte[bytes.length - bytes.length / 4];
    deflater.reset();
    deflater.setInput(bytes);
    deflater.finish();
    int length = deflater.deflate(out);
    return deflater.finished() ? Optional.of(Arrays.copyOf(out, length)) : Optional.empty();
  }

  @Override
  public void close() throws SQLException {
    deflater.end();
    try (insert) {
      piece.close();
    }
  }
}
