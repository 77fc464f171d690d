package dev.earshot.store;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.ArrayList;
import java.util.List;

/** Heads as text, one char a byte, and back. */
final class HeadText {
  private static final String END = "\r\n";

  private HeadText() {}

  static String of(RequestHead head) {
    return lines(
        head.method() + " " + head.target() + " " + head.version().text(), head.headers(), true);
  }

  static String of(ResponseHead head) {
    return lines(
        head.version().text() + " " + head.status() + " " + head.reason(), head.headers(), true);
  }

  static String of(List<Header> trailers) {
    return lines("", trailers, false);
  }

  private static String lines(String start, List<Header> headers, boolean head) {
    var text = new StringBuilder(64 + 48 * headers.size());
    if (head) {
      text.append(oneLine(start)).append(END);
    }
    for (Header header : headers) {
      text.append(oneLine(header.name())).append(": ").append(oneLine(header.value())).append(END);
    }
    return head ? text.append(END).toString() : text.toString();
  }

  /** No parser lets an end of line through; if one did, it must not make a header. */
  private static String oneLine(String text) {
    return text.indexOf('\r') < 0 && text.indexOf('\n') < 0
        ? text
        : text.replace('\r', ' ').replace('\n', ' ');
  }

  /** A request's head; a damaged one comes back as far as it can be made out. */
  static RequestHead request(String text) {
    String start = text.substring(0, lineEnd(text, 0));
    int method = Math.max(start.indexOf(' '), 0);
    int version = Math.max(start.lastIndexOf(' '), method);
    return new RequestHead(
        start.substring(0, method),
        start.substring(Math.min(method + 1, version), version),
        version(start.substring(version).strip()),
        headers(text, start.length() + END.length()));
  }

  /** A response's head; the same. */
  static ResponseHead response(String text, int status) {
    String start = text.substring(0, lineEnd(text, 0));
    String[] parts = start.split(" ", 3);
    return new ResponseHead(
        version(parts[0]),
        status,
        parts.length == 3 ? parts[2] : "",
        headers(text, start.length() + END.length()));
  }

  static List<Header> headers(String text, int from) {
    List<Header> headers = new ArrayList<>();
    int at = from;
    while (at < text.length()) {
      int end = lineEnd(text, at);
      // A pseudo-header's name begins with a colon.
      int colon = text.indexOf(": ", at + 1);
      if (colon > 0 && colon < end) {
        headers.add(new Header(text.substring(at, colon), text.substring(colon + 2, end)));
      }
      at = end + END.length();
    }
    return headers;
  }

  private static int lineEnd(String text, int from) {
    int end = text.indexOf(END, from);
    return end < 0 ? text.length() : end;
  }

  private static HttpVersion version(String text) {
    for (HttpVersion version : HttpVersion.values()) {
      if (version.text().equals(text)) {
        return version;
      }
    }
    return HttpVersion.HTTP_1_1;
  }

  /** As the column {@code http} has it. */
  static int number(HttpVersion version) {
    return switch (version) {
      case HTTP_1_0 -> 10;
      case HTTP_1_1 -> 11;
      case HTTP_2 -> 20;
    };
  }
}
