package dev.earshot.exchange;

import java.util.Optional;

/**
 * One message within an exchange that carries many: of a WebSocket, of a stream of server-sent
 * events, of a gRPC call.
 *
 * @param direction which way it went
 * @param kind what it is
 * @param bytes its size, decompressed; exact, also when the text was cut
 * @param text what it says, if that is text
 * @param truncated whether the text was cut
 */
public record Message(
    Direction direction, MessageKind kind, long bytes, Optional<String> text, boolean truncated) {
  public Message {
    if (bytes < 0) {
      throw new IllegalArgumentException("a message of " + bytes + " bytes");
    }
  }
}
