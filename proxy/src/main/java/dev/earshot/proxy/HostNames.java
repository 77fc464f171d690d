package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.IDN;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * Names with letters beyond ASCII, as they go into the DNS: each such label becomes an A-label by
 * IDNA 2003 (RFC 3490), which is what {@link IDN} knows. Pure functions.
 */
final class HostNames {
  /** The dot, and what IDNA takes for one (RFC 3490 section 3.1). */
  private static final String DOTS = "[.\u3002\uff0e\uff61]";

  private HostNames() {}

  /**
   * A name in ASCII, the same if it is that already; empty if it has none. A label may become no
   * more than a label: compatibility characters would otherwise bring in dots and slashes.
   */
  static Optional<String> ascii(String name) {
    if (isAscii(name)) {
      return Optional.of(name);
    }
    if (name.length() > Authority.MAX_HOST) {
      return Optional.empty();
    }
    var labels = new StringJoiner(".");
    for (String label : name.split(DOTS, -1)) {
      if (isAscii(label)) {
        labels.add(label);
        continue;
      }
      String converted = toAscii(label);
      if (converted.isEmpty() || !converted.chars().allMatch(HostNames::isOfLabel)) {
        return Optional.empty();
      }
      labels.add(converted);
    }
    return Optional.of(labels.toString());
  }

  /** Text from the wire, one char for each byte, as the UTF-8 that it is; empty if it is not. */
  static Optional<String> decoded(String wire) {
    if (isAscii(wire)) {
      return Optional.of(wire);
    }
    try {
      return Optional.of(
          UTF_8.newDecoder().decode(ByteBuffer.wrap(wire.getBytes(ISO_8859_1))).toString());
    } catch (CharacterCodingException notUtf8) {
      return Optional.empty();
    }
  }

  static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  /** Empty if it cannot be, as with a star, which would become part of another name. */
  private static String toAscii(String label) {
    try {
      return label.indexOf('*') < 0 ? IDN.toASCII(label) : "";
    } catch (IllegalArgumentException notAllowed) {
      return "";
    }
  }

  private static boolean isOfLabel(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  }
}
