package dev.earshot.store;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Writes one entry whose body is longer than there is memory. */
final class LongBodyMain {
  private static final int RATIO = 100;

  private LongBodyMain() {}

  public static void main(String[] args) throws IOException {
    long whole = Long.parseLong(args[2]) * 1024 * 1024;
    byte[] piece = new byte[64 * 1024];
    Arrays.fill(piece, (byte) (args[1].equals("bytes") ? 0xFF : 'x'));
    byte[] compressed = args[1].equals("gzip") ? gzip(piece, whole) : new byte[0];
    Exchange exchange =
        switch (args[1]) {
          case "text" -> Exchange.get("https://h.example/").answering("Content-Type", "text/plain");
          case "bytes" -> Exchange.get("https://h.example/").answering("Content-Type", "image/png");
          case "gzip" -> Exchange.get("https://h.example/").answering("Content-Encoding", "gzip");
          default -> Exchange.post("https://h.example/", "application/x-www-form-urlencoded", "x");
        };
    RecordedExchange some = exchange.record().exchange();
    boolean up = args[1].equals("form");
    long length = compressed.length > 0 ? compressed.length : whole;
    Body body = new Body(length, length, BodyGap.NONE);
    var all =
        new RecordedExchange(
            some.id(),
            some.run(),
            some.startedAt(),
            some.connection(),
            some.reused(),
            some.client(),
            some.url(),
            some.host(),
            some.request(),
            some.response(),
            some.end(),
            up ? body : Body.EMPTY,
            up ? Body.EMPTY : body,
            some.tunnel(),
            false,
            false);
    Redaction redaction = args[1].equals("bytes") ? Redaction.CREDENTIALS : Redaction.NONE;
    var file =
        FileChannel.open(
            Path.of(args[0]),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING);
    try (var har = HarFile.begin(file, redaction)) {
      har.add(
          List.of(
              new HarRecord(
                  all,
                  List.of(),
                  direction ->
                      compressed.length > 0
                          ? new ByteArrayInputStream(compressed)
                          : new Repeated(piece, whole))));
    }
  }

  private static byte[] gzip(byte[] piece, long whole) throws IOException {
    var bytes = new ByteArrayOutputStream();
    // Not so well compressed that it would be taken for a bomb.
    var random = new Random(1);
    try (var out = new GZIPOutputStream(bytes)) {
      for (long done = 0; done < whole; done += piece.length) {
        for (int at = 0; at < piece.length; at += RATIO) {
          piece[at] = (byte) ('a' + random.nextInt(26));
        }
        out.write(piece);
      }
    }
    return bytes.toByteArray();
  }

  /** The piece again and again. */
  private static final class Repeated extends InputStream {
    private final byte[] piece;
    private long left;

    Repeated(byte[] piece, long length) {
      this.piece = piece;
      this.left = length;
    }

    @Override
    public int read() {
      return left-- > 0 ? piece[0] & 0xFF : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (left <= 0) {
        return -1;
      }
      int some = (int) Math.min(Math.min(length, piece.length), left);
      System.arraycopy(piece, 0, into, offset, some);
      left -= some;
      return some;
    }
  }
}
