package dev.earshot.store;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** URLs, what is in them, and how long the heads of messages were. */
final class HarUrl {
  private static final int HEX = 16;

  private HarUrl() {}

  /** A name and its value, decoded. */
  record Pair(String name, String value) {}

  /** Absolute, without a fragment; a tunnel's is that of the origin that it leads to. */
  static String of(RecordedExchange exchange) {
    String url = HarJson.text(exchange.url());
    int fragment = url.indexOf('#');
    String whole = fragment < 0 ? url : url.substring(0, fragment);
    return whole.contains("://") ? whole : "https://" + (whole.isEmpty() ? exchange.host() : whole);
  }

  /** The masked URL; an absolute one also where all of it was masked. */
  static String absolute(String masked, RecordedExchange exchange) {
    return masked.contains("://") ? masked : "http://" + exchange.host() + "/" + Redaction.MASK;
  }

  /** The pairs of its query, repeated ones too, in their order. */
  static List<Pair> query(String url) {
    int query = url.indexOf('?');
    return query < 0 ? List.of() : form(url.substring(query + 1));
  }

  /** The pairs of {@code application/x-www-form-urlencoded} (WHATWG URL section 5.1). */
  static List<Pair> form(String text) {
    List<Pair> pairs = new ArrayList<>();
    for (String part : text.split("&", -1)) {
      if (!part.isEmpty()) {
        int equals = part.indexOf('=');
        pairs.add(
            equals < 0
                ? new Pair(decoded(part), "")
                : new Pair(
                    decoded(part.substring(0, equals)), decoded(part.substring(equals + 1))));
      }
    }
    return pairs;
  }

  /** A plus is a space; bytes that are no UTF-8 become replacement characters. */
  private static String decoded(String text) {
    if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
      return text;
    }
    byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
    var bytes = new ByteArrayOutputStream(encoded.length);
    for (int at = 0; at < encoded.length; at++) {
      int high = at + 2 < encoded.length ? Character.digit(encoded[at + 1], HEX) : -1;
      int low = at + 2 < encoded.length ? Character.digit(encoded[at + 2], HEX) : -1;
      if (encoded[at] == '%' && high >= 0 && low >= 0) {
        bytes.write(high * HEX + low);
        at += 2;
      } else {
        bytes.write(encoded[at] == '+' ? ' ' : encoded[at]);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Bytes of a head through its blank line; -1 where a head is compressed. */
  static long headSize(RequestHead head) {
    int start =
        head.method().length() + head.target().length() + head.version().text().length() + 2;
    return size(head.version(), start, head.headers());
  }

  /** The same of a response. */
  static long headSize(ResponseHead head) {
    int start = head.version().text().length() + head.reason().length() + " 200 ".length();
    return size(head.version(), start, head.headers());
  }

  private static long size(HttpVersion version, int start, List<Header> headers) {
    if (version == HttpVersion.HTTP_2) {
      return -1;
    }
    long size = (long) start + "\r\n".length();
    for (Header header : headers) {
      size += (long) header.name().length() + header.value().length() + ": \r\n".length();
    }
    return size + "\r\n".length();
  }
}
