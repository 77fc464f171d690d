package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.List;
import java.util.Optional;

/** Where the body of a message ends (RFC 9112 section 6.3): the one place that decides it. */
sealed interface Framing {
  /** There is no body. */
  record None() implements Framing {}

  /** The body has this many bytes. */
  record Length(long bytes) implements Framing {}

  /** The body is chunked. */
  record Chunked() implements Framing {}

  /** The body ends with the connection; only of a response. */
  record UntilClose() implements Framing {}

  /** The body ends with its stream (RFC 9113 section 8.1). */
  record Stream() implements Framing {}

  /** It cannot be said without a doubt. */
  record Refused(String reason) implements Framing {}

  /** Longer ones do not fit a long. */
  int MAX_LENGTH_DIGITS = 18;

  /** Whether there certainly is no body. */
  default boolean isEmpty() {
    return this instanceof None || (this instanceof Length(var bytes) && bytes == 0);
  }

  /** Whether a side that speaks HTTP/1 has said it. */
  default boolean isOfHttp1() {
    return !(this instanceof Stream);
  }

  /**
   * The framing of a message of HTTP/2.
   *
   * @param ended whether the stream ended with the head
   */
  static Framing ofStream(boolean ended) {
    if (ended) {
      return new None();
    }
    // That the length is kept is checked where the frames are read (RFC 9113 section 8.1.1).
    return new Stream();
  }

  /** The framing of a request. */
  static Framing ofRequest(RequestHead head) {
    return of(head.version(), head.headers(), new None());
  }

  /** The framing of a final response to a request with this method. */
  static Framing ofResponse(ResponseHead head, String method) {
    boolean never =
        method.equals("HEAD")
            || head.status() < 200
            || head.status() == 204
            || head.status() == 304
            || (method.equals("CONNECT") && head.status() < 300);
    return never ? new None() : of(head.version(), head.headers(), new UntilClose());
  }

  private static Framing of(HttpVersion version, List<Header> headers, Framing withoutFields) {
    String encoding = null;
    String length = null;
    for (Header header : headers) {
      if (header.is("Transfer-Encoding")) {
        if (encoding != null) {
          return new Refused("more than one Transfer-Encoding");
        }
        encoding = header.value();
      } else if (header.is("Content-Length")) {
        if (length != null) {
          return new Refused("more than one Content-Length");
        }
        length = header.value();
      }
    }
    if (encoding != null) {
      if (length != null) {
        return new Refused("both Transfer-Encoding and Content-Length");
      }
      if (version == HttpVersion.HTTP_1_0) {
        return new Refused("Transfer-Encoding in HTTP/1.0");
      }
      return encoding.equalsIgnoreCase("chunked")
          ? new Chunked()
          : new Refused("Transfer-Encoding other than chunked");
    }
    return length == null ? withoutFields : length(length);
  }

  /** What is wrong with the length in a head of HTTP/2, which needs none. */
  static Optional<String> wrongLength(List<Header> headers) {
    return of(HttpVersion.HTTP_2, headers, new Stream()) instanceof Refused(var reason)
        ? Optional.of(reason)
        : Optional.empty();
  }

  private static Framing length(String digits) {
    if (digits.isEmpty() || digits.length() > MAX_LENGTH_DIGITS) {
      return new Refused("bad Content-Length");
    }
    long bytes = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return new Refused("bad Content-Length");
      }
      bytes = bytes * 10 + (c - '0');
    }
    return new Length(bytes);
  }
}
