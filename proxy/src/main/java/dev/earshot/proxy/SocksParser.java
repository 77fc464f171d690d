package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.util.NetUtil;
import java.util.Arrays;

/**
 * Reads what clients of SOCKS 4, 4a and 5 send (RFC 1928, RFC 1929, and the two memos on SOCKS 4).
 * Every field is bounded by its own length byte or, in SOCKS 4, by {@link #LONGEST_TEXT}; what
 * comes out as a host is one that HTTP could have named too.
 *
 * <p>Pure functions of the bytes; they never throw on input.
 */
final class SocksParser {
  static final int VERSION_4 = 4;
  static final int VERSION_5 = 5;
  static final int CONNECT = 1;

  /** No message is longer: two texts of SOCKS 4, which end with a zero, and what is before them. */
  static final int LONGEST = 8 + 2 * 256;

  private static final int LONGEST_TEXT = 255;
  private static final int IPV4 = 1;
  private static final int DOMAIN = 3;
  private static final int IPV6 = 4;

  private SocksParser() {}

  /** The ways to authenticate that a client offers, as far as we know them. */
  record Greeting(boolean none, boolean password) {}

  /** A name and password (RFC 1929), each byte one char. */
  record Login(String user, String password) {
    /** Without either: they belong in no message. */
    @Override
    public String toString() {
      return "Login[***]";
    }
  }

  /**
   * What a client wants.
   *
   * @param command 1 to connect; others are there, but not served
   * @param host a name or an address, an IPv6 address without brackets
   * @param port 0 to 65535
   */
  record Request(int command, String host, int port) {}

  /** Whether a connection begins as only SOCKS does: no method of HTTP has such a byte. */
  static boolean begins(byte first) {
    return first == VERSION_4 || first == VERSION_5;
  }

  /** The first message of SOCKS 5 (RFC 1928 section 3). */
  static ParsedHead<Greeting> greeting(byte[] bytes, int length) {
    if (length < 1) {
      return new ParsedHead.NeedMore<>();
    }
    if (bytes[0] != VERSION_5) {
      return new ParsedHead.Malformed<>("not SOCKS 5", 0);
    }
    if (length < 2 || length < 2 + (bytes[1] & 0xff)) {
      return new ParsedHead.NeedMore<>();
    }
    int end = 2 + (bytes[1] & 0xff);
    boolean none = false;
    boolean password = false;
    for (int i = 2; i < end; i++) {
      none |= bytes[i] == 0;
      password |= bytes[i] == 2;
    }
    return new ParsedHead.Complete<>(new Greeting(none, password), end);
  }

  /** The name and the password (RFC 1929 section 2). */
  static ParsedHead<Login> login(byte[] bytes, int length) {
    if (length < 1) {
      return new ParsedHead.NeedMore<>();
    }
    if (bytes[0] != 1) {
      return new ParsedHead.Malformed<>("not version 1 of the password", 0);
    }
    int user = 2;
    if (length < user || length < user + (bytes[1] & 0xff) + 1) {
      return new ParsedHead.NeedMore<>();
    }
    int userEnd = user + (bytes[1] & 0xff);
    int end = userEnd + 1 + (bytes[userEnd] & 0xff);
    if (length < end) {
      return new ParsedHead.NeedMore<>();
    }
    return new ParsedHead.Complete<>(
        new Login(text(bytes, user, userEnd), text(bytes, userEnd + 1, end)), end);
  }

  /** A request of SOCKS 5 (RFC 1928 section 4). */
  static ParsedHead<Request> request(byte[] bytes, int length) {
    if (length < 1) {
      return new ParsedHead.NeedMore<>();
    }
    if (bytes[0] != VERSION_5) {
      return new ParsedHead.Malformed<>("not a request of SOCKS 5", 0);
    }
    if (length < 3) {
      return new ParsedHead.NeedMore<>();
    }
    if (bytes[2] != 0) {
      return new ParsedHead.Malformed<>("the reserved byte is not 0", 2);
    }
    if (length < 4) {
      return new ParsedHead.NeedMore<>();
    }
    if (!knowsAddressType(bytes[3])) {
      return new ParsedHead.Malformed<>("an unknown type of address", 3);
    }
    if (length < 5) {
      return new ParsedHead.NeedMore<>();
    }
    int start = bytes[3] == DOMAIN ? 5 : 4;
    int end =
        start
            + switch (bytes[3]) {
              case IPV4 -> 4;
              case IPV6 -> 16;
              default -> bytes[4] & 0xff;
            };
    if (length < end + 2) {
      return new ParsedHead.NeedMore<>();
    }
    String host =
        bytes[3] == DOMAIN
            ? name(bytes, start, end)
            : NetUtil.bytesToIpAddress(Arrays.copyOfRange(bytes, start, end));
    return host.isEmpty()
        ? new ParsedHead.Malformed<>("bad host name", start)
        : new ParsedHead.Complete<>(new Request(bytes[1], host, port(bytes, end)), end + 2);
  }

  /** Whether the fourth byte of a request of SOCKS 5 says an address that there is. */
  static boolean knowsAddressType(byte type) {
    return type == IPV4 || type == DOMAIN || type == IPV6;
  }

  /** A request of SOCKS 4, or 4a: there an address of 0.0.0.x says that a name follows. */
  static ParsedHead<Request> request4(byte[] bytes, int length) {
    if (length < 1) {
      return new ParsedHead.NeedMore<>();
    }
    if (bytes[0] != VERSION_4) {
      return new ParsedHead.Malformed<>("not SOCKS 4", 0);
    }
    int user = 8;
    int userEnd = textEnd(bytes, user, length);
    if (userEnd == TOO_LONG) {
      return new ParsedHead.Malformed<>("the user id is too long", user);
    }
    if (userEnd < 0) {
      return new ParsedHead.NeedMore<>();
    }
    int port = port(bytes, 2);
    boolean named = bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 && bytes[7] != 0;
    if (!named) {
      String address = NetUtil.bytesToIpAddress(Arrays.copyOfRange(bytes, 4, 8));
      return new ParsedHead.Complete<>(new Request(bytes[1], address, port), userEnd + 1);
    }
    int end = textEnd(bytes, userEnd + 1, length);
    if (end == TOO_LONG) {
      return new ParsedHead.Malformed<>("the host name is too long", userEnd + 1);
    }
    if (end < 0) {
      return new ParsedHead.NeedMore<>();
    }
    String host = name(bytes, userEnd + 1, end);
    return host.isEmpty()
        ? new ParsedHead.Malformed<>("bad host name", userEnd + 1)
        : new ParsedHead.Complete<>(new Request(bytes[1], host, port), end + 1);
  }

  private static final int OPEN = -1;
  private static final int TOO_LONG = -2;

  /** Where a text ends with a zero; negative if it does not yet, or must not. */
  private static int textEnd(byte[] bytes, int from, int length) {
    for (int i = from; i < length; i++) {
      if (i - from > LONGEST_TEXT) {
        return TOO_LONG;
      }
      if (bytes[i] == 0) {
        return i;
      }
    }
    return OPEN;
  }

  /** A name that HTTP takes, or an address written as one; empty for everything else. */
  private static String name(byte[] bytes, int from, int end) {
    String text = text(bytes, from, end);
    return Authority.parse(Authority.inUrl(text), 1) instanceof Authority.Parsed(var host, _)
            && host.indexOf('*') < 0
        ? host
        : "";
  }

  private static int port(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
  }

  private static String text(byte[] bytes, int from, int end) {
    return new String(bytes, from, end - from, ISO_8859_1);
  }
}
