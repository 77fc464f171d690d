package dev.earshot.content;

import dev.earshot.exchange.Header;
import java.nio.ByteBuffer;
import java.util.List;

/** Takes the content codings off the bytes of another reader. */
final class DecodedReader implements MessageReader {
  private final ContentDecoder decoder;
  private final MessageReader reader;

  DecodedReader(List<Header> headers, DecodeMemory memory, MessageReader reader) {
    this.decoder = ContentDecoder.of(headers, DecodeLimits.STREAM, memory, reader::feed);
    this.reader = reader;
  }

  @Override
  public void feed(ByteBuffer bytes) {
    decoder.feed(bytes);
  }

  @Override
  public void close() {
    decoder.close();
    reader.close();
  }
}
