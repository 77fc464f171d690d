package dev.earshot.proxy;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Shares out how much the connections of HTTP/2 may have us keep in memory, all together: each gets
 * a part of what is left, so that few get large windows and many get small ones. Thread-safe.
 */
final class Http2Windows {
  /** RFC 9113 section 6.9.2: what every connection begins with, and never has less of. */
  static final int LEAST = 65_535;

  private static final int LEAST_OF_STREAM = 16 << 10;

  /** Of what is left, and of a connection's window for each of its streams. */
  private static final int PART = 16;

  private final int most;
  private final int mostOfStream;
  private final AtomicLong left;

  Http2Windows(ProxyLimits limits) {
    most = limits.connectionWindow();
    mostOfStream = limits.streamWindow();
    left = new AtomicLong(limits.windowsInAll());
  }

  /**
   * What a connection got.
   *
   * @param connection bytes that it may send before they have gone on
   * @param stream the same for each of its streams; smaller, so that none of them holds up others
   */
  record Share(int connection, int stream) {}

  /** Takes the share of a new connection. */
  Share take() {
    long before = left.getAndUpdate(now -> now - windowOf(now));
    int window = windowOf(before);
    return new Share(window, Math.clamp(window / PART, LEAST_OF_STREAM, mostOfStream));
  }

  private int windowOf(long now) {
    return Math.clamp(now / PART, LEAST, most);
  }

  /** Gives back the share of a connection that is closed. */
  void give(Share share) {
    left.addAndGet(share.connection());
  }
}
