package dev.earshot.proxy;

/**
 * What a proxy may hold. Memory of one exchange is bounded by a high-water mark in each direction,
 * a head, and one read (64 KiB) of each side.
 *
 * @param headBytes the largest head, in bytes; a larger request is answered with 431
 * @param headerCount the most header lines in a head
 * @param chunkLineBytes the longest chunk-size line, extensions included
 * @param trailerBytes the largest trailer section
 * @param clients client connections at a time; one more is answered with 503
 * @param idlePerHost idle upstream connections kept for one host, on each event loop
 * @param idleInAll idle upstream connections kept, on each event loop
 * @param lowWater bytes waiting to be written at which reading of the other side resumes
 * @param highWater bytes waiting to be written at which reading of the other side pauses
 * @param streams exchanges at a time on one connection of HTTP/2
 * @param streamWindow bytes that a stream of HTTP/2 may send before they have gone on, at most
 * @param connectionWindow the same for all streams of a connection together
 * @param windowsInAll the same for all connections together; when it is used up, another has the
 *     least that HTTP/2 allows (RFC 9113 section 6.9.2)
 * @param dials connections to upstreams that are being made at a time; one more fails at once
 */
public record ProxyLimits(
    int headBytes,
    int headerCount,
    int chunkLineBytes,
    int trailerBytes,
    int clients,
    int idlePerHost,
    int idleInAll,
    int lowWater,
    int highWater,
    int streams,
    int streamWindow,
    int connectionWindow,
    long windowsInAll,
    int dials) {
  /**
   * 64 KiB heads of 500 lines, 4 KiB chunk lines, 16 KiB trailers, 4,096 clients, 128 streams of
   * 512 KiB, 8 MiB for a connection, 256 MiB for all, 1,024 dials.
   */
  public static final ProxyLimits DEFAULT =
      new ProxyLimits(
          64 << 10, 500, 4 << 10, 16 << 10, 4096, 32, 128, 64 << 10, 256 << 10, 128, 512 << 10,
          8 << 20, 256 << 20, 1024);

  public ProxyLimits {
    if (headBytes < 1
        || headerCount < 1
        || chunkLineBytes < 1
        || trailerBytes < 2
        || clients < 1
        || idlePerHost < 0
        || idleInAll < 0
        || lowWater < 1
        || highWater < lowWater
        || streams < 1
        || streamWindow < 1
        || connectionWindow < Http2Windows.LEAST
        || windowsInAll < 0
        || dials < 1) {
      throw new IllegalArgumentException("a limit is out of range");
    }
  }

  /** The same with another number of dials. */
  ProxyLimits withDials(int other) {
    return new ProxyLimits(
        headBytes,
        headerCount,
        chunkLineBytes,
        trailerBytes,
        clients,
        idlePerHost,
        idleInAll,
        lowWater,
        highWater,
        streams,
        streamWindow,
        connectionWindow,
        windowsInAll,
        other);
  }
}
