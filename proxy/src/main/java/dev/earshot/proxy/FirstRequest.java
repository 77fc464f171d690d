package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;

/**
 * Finds out whether what a client sent first is a request. In HTTP/2 it need not be: the preface,
 * SETTINGS and the like may go out before the client has looked at the certificate (RFC 9113
 * section 3.4). Reads nothing away.
 */
final class FirstRequest {
  private static final int PREFACE = 24;
  private static final int FRAME_HEAD = 9;
  private static final int HEADERS = 1;

  private final boolean http2;

  /** Up to the next frame's head. */
  private long skip = PREFACE;

  /** Of the frame's head that is being read. */
  private int headBytes;

  private int size;
  private boolean begun;

  FirstRequest(boolean http2) {
    this.http2 = http2;
  }

  /** Whether a request has begun by these bytes, which follow those before. */
  boolean begunBy(ByteBuf bytes) {
    if (!http2) {
      begun |= bytes.isReadable();
      return begun;
    }
    int at = bytes.readerIndex();
    while (at < bytes.writerIndex() && !begun) {
      if (skip > 0) {
        long step = Math.min(skip, bytes.writerIndex() - at);
        skip -= step;
        at += (int) step;
      } else {
        frameHead(bytes.getUnsignedByte(at));
        at++;
      }
    }
    return begun;
  }

  /** RFC 9113 section 4.1: three bytes of length, then the type. */
  private void frameHead(int next) {
    if (headBytes < 3) {
      size = size << 8 | next;
    } else if (headBytes == 3) {
      begun = next == HEADERS;
    }
    headBytes++;
    if (headBytes == FRAME_HEAD) {
      skip = size;
      headBytes = 0;
      size = 0;
    }
  }
}
