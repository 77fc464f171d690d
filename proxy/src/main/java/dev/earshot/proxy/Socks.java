package dev.earshot.proxy;

/** What the versions of SOCKS have in common; each char is one byte. */
final class Socks {
  private Socks() {}

  static String octets(int... values) {
    var text = new StringBuilder(values.length);
    for (int value : values) {
      text.append((char) value);
    }
    return text.toString();
  }

  /** In network order. */
  static String port(int port) {
    return octets(port >> 8, port & 0xff);
  }

  /** After its length in one byte. */
  static String counted(String text) {
    return octets(text.length()) + text;
  }

  /** What is said of an answer that begins wrong. */
  static String notSocks(int version, byte first) {
    String hint =
        first == 'H'
            ? "it seems to speak HTTP, as in http://"
            : "is it a proxy of this version of SOCKS?";
    return "its answer is not SOCKS %d: %s".formatted(version, hint);
  }
}
