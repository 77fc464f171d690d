package dev.earshot.proxy.tls;

import io.netty.util.NetUtil;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Whom a client wants to reach, in the one form that a certificate, a cache key and a comparison
 * need: lower case, no trailing dot, no brackets. Made by {@link #parse} only.
 */
sealed interface ServerName {
  /** As text; an IPv6 address without brackets. */
  String text();

  /** A host name: at most 253 characters, labels of letters, digits, hyphens and underscores. */
  record Dns(String text) implements ServerName {}

  /** An IP address in its canonical text. */
  record Ip(String text) implements ServerName {
    /** Its 4 or 16 bytes. */
    byte[] bytes() {
      byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
      if (bytes == null) {
        throw new IllegalStateException("not made by parse: " + text);
      }
      return bytes;
    }
  }

  /** RFC 1035 section 2.3.4, in its text form. */
  int MAX_LENGTH = 253;

  /** Letters, digits and hyphens (RFC 1123), and the underscore that real names have. */
  Pattern NAME = Pattern.compile("(?!-)[a-z0-9_-]{1,63}(?<!-)(\\.(?!-)[a-z0-9_-]{1,63}(?<!-))*");

  /** An address has nothing else; a zone is not part of what a certificate can name. */
  Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*");

  /**
   * The name in the text, which may be anything a client sent. Internationalised names must come as
   * A-labels (RFC 5890), as they do on the wire. Empty for wildcards and all that is not a name.
   */
  static Optional<ServerName> parse(String text) {
    if (text.length() > MAX_LENGTH + 1) {
      return Optional.empty();
    }
    String plain = undecorated(text).toLowerCase(Locale.ROOT);
    if (plain.isEmpty() || plain.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    byte[] address =
        ADDRESS.matcher(plain).matches() ? NetUtil.createByteArrayFromIpAddressString(plain) : null;
    if (address != null) {
      return Optional.of(new Ip(NetUtil.bytesToIpAddress(address)));
    }
    return NAME.matcher(plain).matches() ? Optional.of(new Dns(plain)) : Optional.empty();
  }

  private static String undecorated(String text) {
    if (text.startsWith("[") && text.endsWith("]")) {
      return text.substring(1, text.length() - 1);
    }
    return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
  }
}
