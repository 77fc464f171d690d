package dev.earshot.content;

import java.nio.ByteBuffer;

/** Finds the messages in one direction of an exchange, as its bytes come. */
interface MessageReader extends AutoCloseable {

  /** A direction in which there are none. */
  record None() implements MessageReader {
    @Override
    public void feed(ByteBuffer bytes) {
      bytes.position(bytes.limit());
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  /** Takes all of the bytes. Once they make no sense, nothing more is told. */
  void feed(ByteBuffer bytes);

  /** No more comes. */
  @Override
  void close();
}
