package dev.earshot.proxy;

/** Tells by the first bytes in a tunnel what is in it. */
final class ConnectSniffer {
  /** What is in a tunnel. */
  enum Kind {
    /** It cannot be told yet. */
    NEED_MORE,
    TLS,
    /** HTTP/1, in plain text. */
    HTTP,
    /** HTTP/2, in plain text (RFC 9113 section 3.4). */
    HTTP_2,
    /** Neither. */
    OPAQUE
  }

  private static final int MAX_METHOD = 32;
  private static final int MAX_SETTINGS = 6 * 64;

  private ConnectSniffer() {}

  /** Decides by the bytes so far, which may be none. */
  static Kind decide(byte[] bytes, int length) {
    if (length == 0) {
      return Kind.NEED_MORE;
    }
    if (bytes[0] == 0x16) {
      // RFC 8446 section 5.1: a handshake record, whose version has 3 as its first byte.
      return length == 1 ? Kind.NEED_MORE : bytes[1] == 3 ? Kind.TLS : Kind.OPAQUE;
    }
    int at = 0;
    while (at < length && (isUpper(bytes[at]) || (at > 0 && bytes[at] == '-'))) {
      at++;
    }
    if (at == length) {
      return at <= MAX_METHOD ? Kind.NEED_MORE : Kind.OPAQUE;
    }
    if (at == 0 || bytes[at] != ' ') {
      return Kind.OPAQUE;
    }
    if (at + 1 == length) {
      return Kind.NEED_MORE;
    }
    // The target of a request to an origin is a path, a URL or "*"; that of HTTP/2's preface too.
    return switch (bytes[at + 1]) {
      case '/', 'h', 'H' -> Kind.HTTP;
      case '*' -> at == 3 && bytes[0] == 'P' ? Kind.HTTP_2 : Kind.HTTP;
      default -> Kind.OPAQUE;
    };
  }

  /** Whether a connection begins as only HTTP/2 does. */
  static boolean isHttp2(byte[] bytes, int length) {
    return decide(bytes, length) == Kind.HTTP_2;
  }

  /** Whether an upstream's first bytes are, or may become, the SETTINGS frame of HTTP/2. */
  static boolean mayBeSettings(byte[] bytes, int length) {
    if (length >= 4 && bytes[3] != 4) {
      return false;
    }
    if (length >= 3) {
      int size = (bytes[0] & 255) << 16 | (bytes[1] & 255) << 8 | (bytes[2] & 255);
      if (size % 6 != 0 || size > MAX_SETTINGS) {
        return false;
      }
    }
    for (int i = 4; i < Math.min(length, 9); i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isUpper(byte b) {
    return b >= 'A' && b <= 'Z';
  }
}
