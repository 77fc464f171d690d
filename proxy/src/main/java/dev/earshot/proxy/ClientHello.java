package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a TLS client says first (RFC 8446 section 4.1.2), as far as the proxy needs it. */
sealed interface ClientHello {
  /**
   * A whole ClientHello.
   *
   * @param serverName the name of RFC 6066 section 3, if it has a valid one
   * @param protocols those of RFC 7301, preferred first; empty if it has none
   */
  record Complete(Optional<String> serverName, List<String> protocols) implements ClientHello {
    public Complete {
      protocols = List.copyOf(protocols);
    }

    /** Whether HTTP may be spoken: of a client that names no protocol, it is not known. */
    boolean mayBeHttp() {
      return protocols.isEmpty()
          || protocols.stream().anyMatch(name -> name.equals("h2") || name.startsWith("http/"));
    }

    /** What is damaged. */
    static Complete unknown() {
      return new Complete(Optional.empty(), List.of());
    }
  }

  /** The beginning of one. */
  record NeedMore() implements ClientHello {}

  /** A larger one is read no further; the handshake itself will judge it. */
  int MAX_BYTES = 64 << 10;

  /**
   * Reads a ClientHello from TLS records. What is damaged counts as complete without a name:
   * whether it is acceptable is for the TLS library to say.
   */
  static ClientHello parse(byte[] bytes, int length) {
    var message = new byte[length];
    int collected = 0;
    int at = 0;
    while (length - at >= 5) {
      int type = bytes[at] & 0xff;
      int size = number(bytes, at + 3, 2);
      if (type != 22 || size == 0) {
        return Complete.unknown();
      }
      int there = Math.min(size, length - at - 5);
      System.arraycopy(bytes, at + 5, message, collected, there);
      collected += there;
      at += 5 + there;
      if (collected >= 4 && collected >= 4 + number(message, 1, 3)) {
        return complete(message, 4 + number(message, 1, 3));
      }
      if (there < size) {
        break;
      }
    }
    return length < MAX_BYTES ? new NeedMore() : Complete.unknown();
  }

  private static Complete complete(byte[] hello, int end) {
    int at = 4 + 2 + 32;
    at = skip(hello, at, 1, end); // session id
    at = skip(hello, at, 2, end); // cipher suites
    at = skip(hello, at, 1, end); // compression methods
    if (at < 0 || at + 2 > end) {
      return Complete.unknown();
    }
    int extensionsEnd = Math.min(end, at + 2 + number(hello, at, 2));
    at += 2;
    Optional<String> name = Optional.empty();
    List<String> protocols = List.of();
    while (at + 4 <= extensionsEnd) {
      int type = number(hello, at, 2);
      int size = number(hello, at + 2, 2);
      if (at + 4 + size <= extensionsEnd) {
        if (type == 0 && name.isEmpty()) {
          name = firstName(hello, at + 4, at + 4 + size);
        } else if (type == 16) {
          protocols = protocols(hello, at + 4, at + 4 + size);
        }
      }
      at += 4 + size;
    }
    return new Complete(name, protocols);
  }

  private static List<String> protocols(byte[] hello, int from, int end) {
    List<String> found = new ArrayList<>();
    int at = from + 2;
    while (at < end && at + 1 + hello[at] <= end && hello[at] > 0) {
      found.add(new String(hello, at + 1, hello[at], US_ASCII));
      at += 1 + hello[at];
    }
    return found;
  }

  private static Optional<String> firstName(byte[] hello, int at, int end) {
    if (at + 5 > end || hello[at + 2] != 0) {
      return Optional.empty();
    }
    int size = number(hello, at + 3, 2);
    if (at + 5 + size > end) {
      return Optional.empty();
    }
    String name = new String(hello, at + 5, size, US_ASCII);
    boolean valid =
        Authority.parse(name, 1) instanceof Authority.Parsed(var host, _)
            && host.equals(name)
            && name.indexOf('*') < 0;
    return valid ? Optional.of(name) : Optional.empty();
  }

  /** The offset after a field that begins with its length; negative if that is past the end. */
  private static int skip(byte[] bytes, int at, int lengthBytes, int end) {
    if (at < 0 || at + lengthBytes > end) {
      return -1;
    }
    int next = at + lengthBytes + number(bytes, at, lengthBytes);
    return next <= end ? next : -1;
  }

  private static int number(byte[] bytes, int at, int count) {
    int number = 0;
    for (int i = 0; i < count; i++) {
      number = number << 8 | (bytes[at + i] & 0xff);
    }
    return number;
  }
}
