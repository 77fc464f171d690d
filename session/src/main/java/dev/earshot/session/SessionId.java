package dev.earshot.session;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Names of sessions: they sort by their start, and two of one second still differ. */
final class SessionId {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);
  private static final int RANDOM_DIGITS = 6;

  private SessionId() {}

  static String next(Instant now) {
    int random = new SecureRandom().nextInt(1 << (4 * RANDOM_DIGITS));
    return TIME.format(now) + "-" + String.format("%0" + RANDOM_DIGITS + "x", random);
  }
}
