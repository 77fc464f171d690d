package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads HTTP/1 heads (RFC 9112) strictly: lines end with CRLF, nothing is folded, names are tokens,
 * values hold no control characters. Whoever reads leniently reads differently from the next one on
 * the way, and that is how requests are smuggled. Bytes from 0x80 on are let through in targets and
 * values: they end nothing.
 *
 * <p>Pure functions of the bytes; they never throw on input. The caller bounds {@code length}.
 */
final class HeadParser {
  private static final int TOKEN = 1;
  private static final int TARGET = 2;
  private static final int VALUE = 4;
  private static final int DIGIT = 8;

  /** Which bytes may stand where. Never written after it is made. */
  private static final byte[] CLASSES = classes();

  private HeadParser() {}

  /** Reads a request line and header lines, up to and including the empty line. */
  static ParsedHead<RequestHead> request(byte[] bytes, int length) {
    var scan = new Scan<RequestHead>(bytes, length);
    // RFC 9112 section 2.2: a server SHOULD ignore at least one empty line before the request line.
    if (scan.sees('\r') && !scan.endOfLine()) {
      return scan.notYet();
    }
    int method = scan.at;
    if (!scan.run(TOKEN, ' ', "bad character in the method")) {
      return scan.notYet();
    }
    int methodEnd = scan.at++;
    if (!scan.run(TARGET, ' ', "bad character in the request target")) {
      return scan.notYet();
    }
    int target = methodEnd + 1;
    int targetEnd = scan.at++;
    int version = scan.version();
    if (version < 0 || !scan.endOfLine()) {
      return scan.notYet();
    }
    List<Header> headers = new ArrayList<>();
    if (!scan.fields(headers)) {
      return scan.notYet();
    }
    return new ParsedHead.Complete<>(
        new RequestHead(
            scan.text(method, methodEnd), scan.text(target, targetEnd), of(version), headers),
        scan.at);
  }

  /** Reads a status line and header lines, up to and including the empty line. */
  static ParsedHead<ResponseHead> response(byte[] bytes, int length) {
    var scan = new Scan<ResponseHead>(bytes, length);
    int version = scan.version();
    if (version < 0 || !scan.literal(" ", "no space after the version")) {
      return scan.notYet();
    }
    int status = scan.status();
    if (status < 0) {
      return scan.notYet();
    }
    // The space before an empty reason is often left out.
    if (scan.sees(' ')) {
      scan.at++;
    }
    int reason = scan.at;
    scan.skip(VALUE);
    int reasonEnd = scan.at;
    if (!scan.endOfLine()) {
      return scan.notYet();
    }
    if (reasonEnd > reason && bytes[reason - 1] != ' ') {
      return new ParsedHead.Malformed<>("no space after the status", reason);
    }
    List<Header> headers = new ArrayList<>();
    if (!scan.fields(headers)) {
      return scan.notYet();
    }
    return new ParsedHead.Complete<>(
        new ResponseHead(of(version), status, scan.text(reason, reasonEnd), headers), scan.at);
  }

  /** Reads header lines, up to and including the empty line: the trailers of a chunked body. */
  static ParsedHead<List<Header>> trailers(byte[] bytes, int length) {
    var scan = new Scan<List<Header>>(bytes, length);
    List<Header> headers = new ArrayList<>();
    return scan.fields(headers)
        ? new ParsedHead.Complete<>(List.copyOf(headers), scan.at)
        : scan.notYet();
  }

  /** Whether a byte may stand in a token (RFC 9110 section 5.6.2). */
  static boolean isToken(int b) {
    return (CLASSES[b & 0xff] & TOKEN) != 0;
  }

  private static HttpVersion of(int minor) {
    return minor == 0 ? HttpVersion.HTTP_1_0 : HttpVersion.HTTP_1_1;
  }

  private static byte[] classes() {
    var classes = new byte[256];
    for (int c = 0; c < 256; c++) {
      boolean visible = c > 0x20 && c != 0x7f;
      boolean digit = c >= '0' && c <= '9';
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      boolean token = digit || letter || (c < 0x80 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
      classes[c] =
          (byte)
              ((token ? TOKEN : 0)
                  | (visible ? TARGET : 0)
                  | (visible || c == ' ' || c == '\t' ? VALUE : 0)
                  | (digit ? DIGIT : 0));
    }
    return classes;
  }

  /** One pass over the bytes: where it is, and why it could not go on. */
  private static final class Scan<H> {
    private final byte[] bytes;
    private final int end;
    private int at;
    private String fault = "";

    Scan(byte[] bytes, int end) {
      this.bytes = bytes;
      this.end = end;
    }

    /** The answer after a step said false: at fault if it said why, otherwise out of bytes. */
    ParsedHead<H> notYet() {
      return fault.isEmpty() ? new ParsedHead.NeedMore<>() : new ParsedHead.Malformed<>(fault, at);
    }

    boolean sees(int c) {
      return at < end && bytes[at] == c;
    }

    void skip(int allowed) {
      while (at < end && (CLASSES[bytes[at] & 0xff] & allowed) != 0) {
        at++;
      }
    }

    /** Skips one or more allowed bytes, up to the terminator. */
    boolean run(int allowed, int terminator, String otherwise) {
      int start = at;
      skip(allowed);
      if (at == end) {
        return false;
      }
      return (at > start && bytes[at] == terminator) || wrong(otherwise);
    }

    boolean literal(String text, String otherwise) {
      for (int i = 0; i < text.length(); i++) {
        if (at == end) {
          return false;
        }
        if (bytes[at] != text.charAt(i)) {
          return wrong(otherwise);
        }
        at++;
      }
      return true;
    }

    /** The minor version of HTTP/1, or -1. */
    int version() {
      if (!literal("HTTP/1.", "not HTTP/1") || at == end) {
        return -1;
      }
      if (bytes[at] != '0' && bytes[at] != '1') {
        wrong("neither HTTP/1.0 nor HTTP/1.1");
        return -1;
      }
      return bytes[at++] - '0';
    }

    /** A status of three digits, or -1. */
    int status() {
      int start = at;
      while (at < start + 3) {
        if (at == end) {
          return -1;
        }
        if ((CLASSES[bytes[at] & 0xff] & DIGIT) == 0 || bytes[start] == '0') {
          wrong("bad status code");
          return -1;
        }
        at++;
      }
      return (bytes[start] - '0') * 100 + (bytes[start + 1] - '0') * 10 + (bytes[start + 2] - '0');
    }

    boolean endOfLine() {
      if (at == end) {
        return false;
      }
      if (bytes[at] == '\n') {
        return wrong("a line ends with a bare LF");
      }
      if (bytes[at] != '\r') {
        return wrong("bad character in a line");
      }
      if (at + 1 == end) {
        return false;
      }
      if (bytes[at + 1] != '\n') {
        return wrong("a bare CR");
      }
      at += 2;
      return true;
    }

    boolean fields(List<Header> into) {
      while (at < end) {
        if (bytes[at] == '\r' || bytes[at] == '\n') {
          return endOfLine();
        }
        if (bytes[at] == ' ' || bytes[at] == '\t') {
          return wrong("a folded header line");
        }
        int name = at;
        if (!run(TOKEN, ':', "bad character in a header name")) {
          return false;
        }
        int nameEnd = at++;
        while (sees(' ') || sees('\t')) {
          at++;
        }
        int value = at;
        skip(VALUE);
        int valueEnd = at;
        if (!endOfLine()) {
          return false;
        }
        while (valueEnd > value && (bytes[valueEnd - 1] == ' ' || bytes[valueEnd - 1] == '\t')) {
          valueEnd--;
        }
        into.add(new Header(text(name, nameEnd), text(value, valueEnd)));
      }
      return false;
    }

    String text(int from, int to) {
      return new String(bytes, from, to - from, ISO_8859_1);
    }

    private boolean wrong(String why) {
      fault = why;
      return false;
    }
  }
}
