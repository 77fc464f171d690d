package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import java.util.OptionalInt;

/**
 * Finds the alert that a client sends unencrypted within its handshake. Clients with OpenSSL send
 * it so in TLS 1.3 too, before they change to the keys that the server expects already (RFC 8446
 * section 2), where no TLS library can read it. Reads nothing away.
 */
final class PlainAlert {
  /** RFC 8446 section 5.1: type, version, length. */
  private static final int RECORD_HEAD = 5;

  private static final int ALERT = 21;
  private static final int ALERT_SIZE = 2;

  /** Of the record's head, or of an alert after it, that is being read. */
  private int read;

  private int type;
  private int size;

  /** Of a record that is no alert. */
  private int skip;

  private int description = -1;

  /** The alert's description (RFC 8446 section 6), if it is in these bytes or was before. */
  OptionalInt in(ByteBuf bytes) {
    int at = bytes.readerIndex();
    while (at < bytes.writerIndex() && description < 0) {
      if (skip > 0) {
        int step = Math.min(skip, bytes.writerIndex() - at);
        skip -= step;
        at += step;
      } else {
        next(bytes.getUnsignedByte(at));
        at++;
      }
    }
    return description < 0 ? OptionalInt.empty() : OptionalInt.of(description);
  }

  private void next(int value) {
    switch (read) {
      case 0 -> type = value;
      case 3 -> size = value << 8;
      case 4 -> size |= value;
      case RECORD_HEAD + 1 -> description = value;
      default -> {}
    }
    read++;
    // An encrypted one is longer.
    boolean alert = type == ALERT && size == ALERT_SIZE;
    if (read == RECORD_HEAD && !alert) {
      skip = size;
      read = 0;
    }
  }
}
