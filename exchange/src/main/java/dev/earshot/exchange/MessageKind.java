package dev.earshot.exchange;

/** What kind of message was passed within an exchange. */
public enum MessageKind {
  /** A text message of a WebSocket (RFC 6455 section 5.6). */
  WS_TEXT("ws.text"),
  /** A binary message of a WebSocket (RFC 6455 section 5.6). */
  WS_BINARY("ws.binary"),
  /** A side closed its half of a WebSocket (RFC 6455 section 5.5.1). */
  WS_CLOSE("ws.close"),
  /** A server-sent event (WHATWG HTML section 9.2). */
  SSE("sse"),
  /** A message of a gRPC or gRPC-Web call. */
  GRPC("grpc");

  private final String wireName;

  MessageKind(String wireName) {
    this.wireName = wireName;
  }

  /** The name in the event stream, such as {@code ws.text}. */
  public String wireName() {
    return wireName;
  }
}
