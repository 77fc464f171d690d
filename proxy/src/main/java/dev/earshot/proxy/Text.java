package dev.earshot.proxy;

import java.time.Duration;

/** Text for people: what comes from the wire is made fit for them, and for header values. */
final class Text {
  private static final int MAX_LENGTH = 500;

  private Text() {}

  /**
   * One line without control and bidirectional characters (each becomes {@code ?}), at most 500
   * chars: what a peer chose must not steer a terminal, reorder a line or split a message.
   */
  static String printable(String raw) {
    var clean = new StringBuilder(Math.min(raw.length(), MAX_LENGTH));
    for (int i = 0; i < raw.length() && clean.length() < MAX_LENGTH; i++) {
      char c = raw.charAt(i);
      clean.append(isHarmless(c) ? c : '?');
    }
    return clean.toString();
  }

  /** A length of time in whole seconds where it is one, else in milliseconds. */
  static String time(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }

  private static boolean isHarmless(char c) {
    boolean control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
    boolean bidirectional =
        c == 0x61c
            || c == 0x200e
            || c == 0x200f
            || (c >= 0x202a && c <= 0x202e)
            || (c >= 0x2066 && c <= 0x2069);
    return !control && !bidirectional;
  }
}
