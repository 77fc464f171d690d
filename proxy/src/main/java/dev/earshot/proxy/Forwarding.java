package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What of a head goes on to the other side. Hop-by-hop headers end here (RFC 9110 section 7.6.1);
 * everything else keeps its bytes and its place. Nothing is added that would tell of a proxy.
 */
final class Forwarding {
  /** What decides the framing or the meaning of the message is never a connection's own option. */
  private static final Set<String> END_TO_END =
      Set.of("content-length", "transfer-encoding", "host", "trailer");

  private Forwarding() {}

  /**
   * The head for the upstream.
   *
   * @param target the request target to write
   * @param host the value that Host must have, when the client told the proxy itself where to go
   * @param proxyAuthorization for another proxy on the way
   */
  static RequestHead request(
      RequestHead head, String target, Optional<String> host, Optional<String> proxyAuthorization) {
    List<Header> in = head.headers();
    Set<String> named = named(in);
    boolean upgrade = wantsUpgrade(head);
    boolean trailers = Headers.all(in, "TE").stream().anyMatch(te -> hasToken(te, "trailers"));
    List<Header> out = new ArrayList<>(in.size() + 2);
    boolean connection = !upgrade && !trailers;
    boolean hostSeen = false;
    for (Header header : in) {
      if (header.is("Connection")) {
        if (!connection) {
          out.add(connectionFor(upgrade, trailers));
          connection = true;
        }
      } else if (header.is("Host")) {
        out.add(new Header(header.name(), host.orElse(header.value())));
        hostSeen = true;
      } else if (header.is("TE")) {
        if (trailers) {
          out.add(new Header(header.name(), "trailers"));
        }
      } else if (header.is("Upgrade")) {
        if (upgrade) {
          out.add(header);
        }
      } else if (!isHopByHop(header, named) && !header.is("Proxy-Authorization")) {
        out.add(header);
      }
    }
    if (!connection) {
      out.add(connectionFor(upgrade, trailers));
    }
    if (!hostSeen && host.isPresent()) {
      out.addFirst(new Header("Host", host.get()));
    }
    proxyAuthorization.ifPresent(value -> out.add(new Header("Proxy-Authorization", value)));
    return new RequestHead(head.method(), target, HttpVersion.HTTP_1_1, out);
  }

  /**
   * The head for the client.
   *
   * @param withoutChunks whether the body is taken out of its chunks, for a client of HTTP/1.0
   * @param connection what to tell the client about its connection, if it must be told
   */
  static ResponseHead response(
      ResponseHead head, boolean withoutChunks, Optional<String> connection) {
    List<Header> in = head.headers();
    Set<String> named = named(in);
    // Both statuses mean nothing without the header.
    boolean upgrade = head.status() == 101 || head.status() == 426;
    List<Header> out = new ArrayList<>(in.size() + 1);
    for (Header header : in) {
      if (header.is("Connection")) {
        continue;
      }
      boolean chunks = withoutChunks && (header.is("Transfer-Encoding") || header.is("Trailer"));
      boolean hopByHop = header.is("Upgrade") ? !upgrade : isHopByHop(header, named);
      if (!chunks && !hopByHop) {
        out.add(header);
      }
    }
    connection.ifPresent(value -> out.add(new Header("Connection", value)));
    return new ResponseHead(HttpVersion.HTTP_1_1, head.status(), head.reason(), out);
  }

  /** The head with another header at its end. */
  static ResponseHead with(ResponseHead head, String name, String value) {
    List<Header> out = new ArrayList<>(head.headers());
    out.add(new Header(name, value));
    return new ResponseHead(head.version(), head.status(), head.reason(), out);
  }

  /**
   * Whether the client asks to change the protocol. An offer of h2c is not taken up: the response
   * comes in HTTP/1.1, which is always allowed (RFC 9110 section 7.8).
   */
  static boolean wantsUpgrade(RequestHead head) {
    Optional<String> upgrade = Headers.first(head.headers(), "Upgrade");
    return upgrade.isPresent()
        && !upgrade.get().toLowerCase(Locale.ROOT).startsWith("h2c")
        && head.version() == HttpVersion.HTTP_1_1
        && connectionSays(head.headers(), "upgrade");
  }

  /** Whether a side lets its connection live on after a message (RFC 9112 section 9.3). */
  static boolean keepsAlive(HttpVersion version, List<Header> headers) {
    if (connectionSays(headers, "close")) {
      return false;
    }
    return version != HttpVersion.HTTP_1_0 || connectionSays(headers, "keep-alive");
  }

  private static boolean connectionSays(List<Header> headers, String option) {
    for (Header header : headers) {
      if ((header.is("Connection") || header.is("Proxy-Connection"))
          && hasToken(header.value(), option)) {
        return true;
      }
    }
    return false;
  }

  private static Header connectionFor(boolean upgrade, boolean trailers) {
    String options = upgrade ? (trailers ? "Upgrade, TE" : "Upgrade") : "TE";
    return new Header("Connection", options);
  }

  private static boolean isHopByHop(Header header, Set<String> named) {
    return header.is("Proxy-Connection")
        || header.is("Keep-Alive")
        || (!named.isEmpty() && named.contains(header.lowerCaseName()));
  }

  private static Set<String> named(List<Header> headers) {
    Set<String> named = Set.of();
    for (Header header : headers) {
      if (header.is("Connection")) {
        if (named.isEmpty()) {
          named = new HashSet<>();
        }
        for (String option : header.value().split(",", -1)) {
          named.add(option.trim().toLowerCase(Locale.ROOT));
        }
      }
    }
    if (!named.isEmpty()) {
      named.removeAll(END_TO_END);
    }
    return named;
  }

  private static boolean hasToken(String list, String token) {
    for (String element : list.split(",", -1)) {
      if (element.trim().equalsIgnoreCase(token)) {
        return true;
      }
    }
    return false;
  }
}
