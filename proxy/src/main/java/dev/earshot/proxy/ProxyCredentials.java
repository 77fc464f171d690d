package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;

/**
 * The name and password that a client of the proxy must have: by Basic authentication (RFC 7617) or
 * in SOCKS 5 (RFC 1929). Compared in a time that does not tell how much of them was right.
 */
public final class ProxyCredentials {
  private static final String BASIC = "Basic ";
  private static final String HEADER = "Proxy-Authorization";

  /** What SOCKS 5 has room for (RFC 1929 section 2). */
  private static final int LONGEST = 255;

  private final String user;
  private final String password;

  private ProxyCredentials(String user, String password) {
    this.user = user;
    this.password = password;
  }

  /**
   * Reads {@code USER:PASS}; the password begins after the first colon.
   *
   * @throws IllegalArgumentException if that cannot be sent by every way; the message says why, and
   *     does not hold the text
   */
  public static ProxyCredentials parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("there is no colon in it");
    }
    if (colon == 0) {
      throw new IllegalArgumentException("the user is empty");
    }
    // What a command substitution leaves that failed; it would open the proxy to the network.
    if (colon == text.length() - 1) {
      throw new IllegalArgumentException("the password is empty");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("there is a control character in it");
    }
    String user = text.substring(0, colon);
    String password = text.substring(colon + 1);
    if (user.getBytes(UTF_8).length > LONGEST || password.getBytes(UTF_8).length > LONGEST) {
      throw new IllegalArgumentException("a part of it is longer than %d bytes".formatted(LONGEST));
    }
    return new ProxyCredentials(user, password);
  }

  /** As they stand in a URL before the {@code @}: everything but letters and digits is encoded. */
  public String userInfo() {
    return encoded(user) + ":" + encoded(password);
  }

  /** Whether exactly one header shows them. */
  boolean isIn(List<Header> headers) {
    List<String> shown = Headers.all(headers, HEADER);
    if (shown.size() != 1 || !shown.getFirst().regionMatches(true, 0, BASIC, 0, BASIC.length())) {
      return false;
    }
    byte[] decoded;
    try {
      String token = shown.getFirst().substring(BASIC.length()).trim();
      decoded = Base64.getDecoder().decode(token.getBytes(ISO_8859_1));
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
    return MessageDigest.isEqual((user + ":" + password).getBytes(UTF_8), decoded);
  }

  /** Whether they are these, in which each char is one byte. */
  boolean are(String otherUser, String otherPassword) {
    boolean sameUser = MessageDigest.isEqual(user.getBytes(UTF_8), otherUser.getBytes(ISO_8859_1));
    boolean samePassword =
        MessageDigest.isEqual(password.getBytes(UTF_8), otherPassword.getBytes(ISO_8859_1));
    return sameUser && samePassword;
  }

  /** The head of a request to the proxy, without what it shows to the proxy alone. */
  static RequestHead hidden(RequestHead head) {
    if (Headers.first(head.headers(), HEADER).isEmpty()) {
      return head;
    }
    List<Header> headers =
        head.headers().stream()
            .map(each -> each.is(HEADER) ? new Header(each.name(), Redaction.MASK) : each)
            .toList();
    return new RequestHead(head.method(), head.target(), head.version(), headers);
  }

  private static String encoded(String text) {
    var out = new StringBuilder();
    for (byte b : text.getBytes(UTF_8)) {
      boolean plain = (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
      out.append(plain ? String.valueOf((char) b) : "%%%02X".formatted(b & 0xff));
    }
    return out.toString();
  }

  /** Neither name nor password. */
  @Override
  public String toString() {
    return "ProxyCredentials[***]";
  }
}
