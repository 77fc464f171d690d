package dev.earshot.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Completes an archive of ours whose writer was killed: what is behind the last newline is part of
 * an entry and is cut off, and the end is added if it is missing. The guardian's script does the
 * same when the writer dies; this is for what it could not reach.
 *
 * @param length what is kept of the file, in bytes
 * @param endMissing whether an end is to be added
 */
public record HarRepair(long length, boolean endMissing) {
  private static final String FIRST_LINE_BEGIN = "{\"log\":{";
  private static final String FIRST_LINE_END = "\"entries\":[\n";
  private static final int LONGEST_HEAD = 4096;
  private static final int PIECE = 64 * 1024;

  /** Reads bytes of a file from a position on, as many as the array holds. */
  @FunctionalInterface
  interface Bytes {
    void read(long position, byte[] into) throws IOException;
  }

  /**
   * What is to be done to a file; empty if it is none of ours, or its first line is cut. It reads
   * the begin and the end alone.
   */
  static Optional<HarRepair> of(long size, Bytes bytes) throws IOException {
    byte[] head = new byte[(int) Math.min(size, LONGEST_HEAD)];
    bytes.read(0, head);
    String text = new String(head, StandardCharsets.ISO_8859_1);
    String line = text.substring(0, text.indexOf('\n') + 1);
    if (!line.startsWith(FIRST_LINE_BEGIN) || !line.endsWith(FIRST_LINE_END)) {
      return Optional.empty();
    }
    long length = lastLineEnd(size, bytes);
    byte[] tail = new byte[HarJson.END.length() + 1];
    if (length >= tail.length) {
      bytes.read(length - tail.length, tail);
    }
    boolean ended = new String(tail, StandardCharsets.ISO_8859_1).equals('\n' + HarJson.END);
    return Optional.of(new HarRepair(length, !ended));
  }

  private static long lastLineEnd(long size, Bytes bytes) throws IOException {
    long end = size;
    while (end > 0) {
      byte[] piece = new byte[(int) Math.min(end, PIECE)];
      bytes.read(end - piece.length, piece);
      for (int at = piece.length - 1; at >= 0; at--) {
        if (piece[at] == '\n') {
          return end - piece.length + at + 1;
        }
      }
      end -= piece.length;
    }
    return 0;
  }

  /**
   * Completes the archive in an open file, if it is one; that of a running writer it would break.
   *
   * @return whether it is a whole one now
   */
  public static boolean complete(FileChannel file) throws IOException {
    Optional<HarRepair> repair = of(file.size(), (position, into) -> read(file, position, into));
    if (repair.isEmpty()) {
      return false;
    }
    file.truncate(repair.get().length());
    if (repair.get().endMissing()) {
      ByteBuffer end = ByteBuffer.wrap(HarJson.END.getBytes(StandardCharsets.US_ASCII));
      while (end.hasRemaining()) {
        file.write(end, repair.get().length() + end.position());
      }
    }
    return true;
  }

  private static void read(FileChannel file, long position, byte[] into) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(into);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, position + bytes.position()) < 0) {
        throw new IOException("the file has become shorter while it was read");
      }
    }
  }
}
