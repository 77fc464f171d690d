package dev.earshot.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** Writes bytes that come in pieces in base64, as the inside of one JSON string. */
final class HarBase64 implements Consumer<ByteBuffer> {
  /** A multiple of three, so that padding is at the end alone. */
  private static final int PIECE = 12 * 1024;

  private final JsonGenerator out;
  private final ByteBuffer piece = ByteBuffer.allocate(PIECE);

  HarBase64(JsonGenerator out) {
    this.out = out;
  }

  @Override
  public void accept(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      int length = Math.min(bytes.remaining(), piece.remaining());
      piece.put(bytes.slice(bytes.position(), length));
      bytes.position(bytes.position() + length);
      if (!piece.hasRemaining()) {
        end();
      }
    }
  }

  /** Writes what is left. */
  void end() {
    ByteBuffer encoded = Base64.getEncoder().encode(piece.flip());
    out.writeRaw(StandardCharsets.ISO_8859_1.decode(encoded).toString());
    piece.clear();
  }
}
