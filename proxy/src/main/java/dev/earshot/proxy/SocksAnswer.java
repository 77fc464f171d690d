package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;

/** The answers of SOCKS 4 and 5 to a request (RFC 1928 section 6). */
record SocksAnswer(ClientConnection client, int version) implements ConnectAnswer {
  /** What became of a request, as SOCKS 5 says it; SOCKS 4 knows success and failure. */
  enum Reply {
    SUCCEEDED(0),
    GENERAL_FAILURE(1),
    NOT_ALLOWED(2),
    NETWORK_UNREACHABLE(3),
    HOST_UNREACHABLE(4),
    CONNECTION_REFUSED(5),
    /** For want of a better one that of what did not answer in time, too. */
    TTL_EXPIRED(6),
    COMMAND_NOT_SUPPORTED(7),
    ADDRESS_TYPE_NOT_SUPPORTED(8);

    private final int code;

    Reply(int code) {
      this.code = code;
    }

    private int code(int version) {
      if (version == SocksParser.VERSION_5) {
        return code;
      }
      return this == SUCCEEDED ? 0x5a : 0x5b;
    }
  }

  static Reply replyTo(DialFailure failure) {
    return switch (failure.why()) {
      case LOOP -> Reply.NOT_ALLOWED;
      case REFUSED -> Reply.CONNECTION_REFUSED;
      case NO_ROUTE -> Reply.HOST_UNREACHABLE;
      case NETWORK_UNREACHABLE -> Reply.NETWORK_UNREACHABLE;
      case OTHER_PROTOCOL -> Reply.GENERAL_FAILURE;
      case OTHER ->
          switch (failure.kind()) {
            case DNS -> Reply.HOST_UNREACHABLE;
            case CONNECT_TIMEOUT, TIMEOUT -> Reply.TTL_EXPIRED;
            case CONNECT, UPSTREAM_TLS, RESET, CLIENT_GONE, MALFORMED, TOO_LARGE, STOPPING ->
                Reply.GENERAL_FAILURE;
          };
    };
  }

  @Override
  public void connected() {
    client.side().write(bytes(Reply.SUCCEEDED));
    client.flush();
  }

  @Override
  public void failed(DialFailure failure) {
    failed(replyTo(failure));
  }

  /** Says no, as the last thing. */
  void failed(Reply reply) {
    client.finish(bytes(reply));
  }

  /** The address that follows is where we would be connected from, which is nobody's business. */
  private ByteBuf bytes(Reply reply) {
    ByteBuf bytes = client.alloc().buffer(10);
    return version == SocksParser.VERSION_5
        ? bytes.writeByte(version).writeByte(reply.code(version)).writeShort(1).writeZero(6)
        : bytes.writeByte(0).writeByte(reply.code(version)).writeZero(6);
  }
}
