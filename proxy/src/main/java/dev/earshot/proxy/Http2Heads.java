package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Heads between HTTP/2 and the one form that exchanges have (RFC 9113 section 8). A request's
 * authority is its {@code Host} header, as in HTTP/1.1; {@code :protocol} (RFC 8441) stays a
 * header, since nothing else says what an extended CONNECT is for.
 */
final class Http2Heads {
  /** The pseudo-header that turns CONNECT into extended CONNECT. */
  static final String PROTOCOL = ":protocol";

  /** RFC 9113 section 8.2.2: they say something about one connection of HTTP/1.1. */
  private static final Set<String> OF_ONE_CONNECTION =
      Set.of(
          "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "host");

  private static final Set<String> NO_TRAILERS =
      Set.of("content-length", "host", "te", "trailer", "transfer-encoding");

  private Http2Heads() {}

  /** A head that was read. */
  sealed interface Read<T> {
    /** It is what the specification asks for. */
    record Whole<T>(T head) implements Read<T> {}

    /** It is not, and that much is known of it. */
    record Wrong<T>(String why) implements Read<T> {}
  }

  /** A request, and what its pseudo-headers say. */
  record Request(RequestHead head, String scheme, String authority) {}

  /** Reads the head of a request; never throws on input. */
  static Read<Request> request(Http2Headers in, int maxHeaders) {
    var head = new Split(in);
    String wrong = head.wrong(maxHeaders);
    if (wrong != null) {
      return new Read.Wrong<>(wrong);
    }
    String method = head.pseudo(":method");
    String scheme = head.pseudo(":scheme");
    String path = head.pseudo(":path");
    String authority = head.pseudo(":authority");
    List<String> hosts = Headers.all(head.fields, "host");
    if (hosts.size() > 1 || (authority != null && !hosts.stream().allMatch(authority::equals))) {
      return new Read.Wrong<>("Host differs from :authority");
    }
    boolean tunnel = "CONNECT".equals(method) && head.pseudo(PROTOCOL) == null;
    if (method == null || !isToken(method)) {
      return new Read.Wrong<>("bad :method");
    }
    String protocol = head.pseudo(PROTOCOL);
    if (protocol != null && !(method.equals("CONNECT") && isToken(protocol))) {
      return new Read.Wrong<>("bad :protocol");
    }
    if (tunnel ? path != null || scheme != null : scheme == null || !isPath(path, method)) {
      return new Read.Wrong<>("bad :path or :scheme");
    }
    String where = authority != null ? authority : hosts.isEmpty() ? "" : hosts.getFirst();
    List<Header> out = new ArrayList<>(head.fields.size() + 2);
    if (authority != null) {
      out.add(new Header("host", authority));
    }
    if (protocol != null) {
      out.add(new Header(PROTOCOL, protocol));
    }
    for (Header field : head.fields) {
      if (authority == null || !field.name().equals("host")) {
        out.add(field);
      }
    }
    return new Read.Whole<>(
        new Request(
            new RequestHead(method, path == null ? where : path, HttpVersion.HTTP_2, out),
            scheme == null ? "" : scheme,
            where));
  }

  /** Reads the head of a response; never throws on input. */
  static Read<ResponseHead> response(Http2Headers in, int maxHeaders) {
    var head = new Split(in);
    String wrong = head.wrong(maxHeaders);
    if (wrong != null) {
      return new Read.Wrong<>(wrong);
    }
    String status = head.pseudo(":status");
    if (status == null
        || status.length() != 3
        || !status.chars().allMatch(c -> c >= '0' && c <= '9')
        || status.charAt(0) == '0') {
      return new Read.Wrong<>("bad :status");
    }
    return new Read.Whole<>(
        new ResponseHead(HttpVersion.HTTP_2, Integer.parseInt(status), "", head.fields));
  }

  /** Reads trailers; those at fault are wrong as a whole. */
  static Read<List<Header>> trailers(Http2Headers in, int maxHeaders) {
    var head = new Split(in);
    String wrong = head.wrong(maxHeaders);
    if (wrong == null && !head.pseudo.isEmpty()) {
      wrong = "a pseudo-header in trailers";
    }
    return wrong == null ? new Read.Whole<>(head.fields) : new Read.Wrong<>(wrong);
  }

  /** The one Content-Length of a head that was read, or a negative number. */
  static long contentLength(List<Header> headers) {
    return Headers.first(headers, "content-length").map(Long::parseLong).orElse(-1L);
  }

  /** Why a request that came by HTTP/1 cannot be sent as HTTP/2, if that is so. */
  static Optional<String> unsendable(RequestHead head) {
    boolean extended = Headers.first(head.headers(), PROTOCOL).isPresent();
    if (!extended && !isPath(head.target(), head.method())) {
      return Optional.of("its target is not a path");
    }
    boolean host =
        Headers.all(head.headers(), "Host").stream()
            .allMatch(value -> Authority.parse(value, 1) instanceof Authority.Parsed);
    return host ? Optional.empty() : Optional.of("its Host is not one");
  }

  /** A request as HTTP/2 has it. */
  static Http2Headers request(RequestHead head, String scheme, String authority) {
    var out = new DefaultHttp2Headers(false, head.headers().size() + 4);
    Optional<String> protocol = Headers.first(head.headers(), PROTOCOL);
    out.method(head.method());
    protocol.ifPresent(value -> out.add(PROTOCOL, value));
    if (!head.method().equals("CONNECT") || protocol.isPresent()) {
      out.scheme(scheme).path(head.target());
    }
    out.authority(Headers.first(head.headers(), "Host").orElse(authority));
    copy(head.headers(), out);
    return out;
  }

  /** A response as HTTP/2 has it. */
  static Http2Headers response(ResponseHead head) {
    var out = new DefaultHttp2Headers(false, head.headers().size() + 1);
    out.status(String.valueOf(head.status()));
    copy(head.headers(), out);
    return out;
  }

  /** Trailers as HTTP/2 has them. */
  static Http2Headers trailers(List<Header> trailers) {
    var out = new DefaultHttp2Headers(false, trailers.size());
    copy(trailers.stream().filter(Http2Heads::mayBeTrailer).toList(), out);
    return out;
  }

  /**
   * Whether a field may go on as a trailer where the framing changes on the way: those that say
   * where a message ends, or goes, would be believed there (RFC 9110 section 6.5.1).
   */
  static boolean mayBeTrailer(Header header) {
    return !NO_TRAILERS.contains(header.lowerCaseName());
  }

  /**
   * The cookies of a request that came in several lines, as HTTP/1.1 wants them: in one (RFC 9113
   * section 8.2.3).
   */
  static List<Header> joinedCookies(List<Header> headers) {
    List<String> cookies = Headers.all(headers, "cookie");
    if (cookies.size() < 2) {
      return headers;
    }
    List<Header> out = new ArrayList<>(headers.size());
    boolean written = false;
    for (Header header : headers) {
      if (!header.is("cookie")) {
        out.add(header);
      } else if (!written) {
        out.add(new Header(header.name(), String.join("; ", cookies)));
        written = true;
      }
    }
    return out;
  }

  private static void copy(List<Header> headers, Http2Headers out) {
    Set<String> named = null;
    for (Header header : headers) {
      if (header.is("Connection")) {
        named = named == null ? new HashSet<>() : named;
        for (String option : header.value().split(",", -1)) {
          named.add(option.trim().toLowerCase(Locale.ROOT));
        }
      }
    }
    for (Header header : headers) {
      String name = header.lowerCaseName();
      boolean te = name.equals("te");
      boolean ofConnection =
          OF_ONE_CONNECTION.contains(name)
              || name.startsWith(":")
              || (named != null && !te && named.contains(name));
      if (!ofConnection && !(te && !header.value().equalsIgnoreCase("trailers"))) {
        out.add(name, header.value());
      }
    }
  }

  private static boolean isToken(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c < 128 && HeadParser.isToken((byte) c));
  }

  private static boolean isPath(@Nullable String path, String method) {
    if (path == null || path.isEmpty()) {
      return false;
    }
    boolean form = path.charAt(0) == '/' || (path.equals("*") && method.equals("OPTIONS"));
    return form && path.chars().allMatch(c -> c > 0x20 && c != 0x7f && c != '#');
  }

  /** Pseudo-headers and fields, and what is wrong with them. */
  private static final class Split {
    private final Map<String, String> pseudo = new HashMap<>();
    private final List<Header> fields;
    private @Nullable String wrong;

    Split(Http2Headers in) {
      fields = new ArrayList<>(in.size());
      for (Map.Entry<CharSequence, CharSequence> entry : in) {
        String name = entry.getKey().toString();
        String value = entry.getValue().toString();
        if (name.startsWith(":")) {
          if (pseudo.put(name, value) != null) {
            wrong = "a pseudo-header twice";
          }
        } else {
          fields.add(new Header(name, value));
          if (!isToken(name) || !name.equals(name.toLowerCase(Locale.ROOT))) {
            wrong = "a bad header name";
          }
        }
        if (!isValue(value)) {
          wrong = "a bad header value";
        }
      }
    }

    @Nullable String wrong(int maxHeaders) {
      if (fields.size() > maxHeaders) {
        return "more than %d header lines".formatted(maxHeaders);
      }
      return wrong == null ? Framing.wrongLength(fields).orElse(null) : wrong;
    }

    @Nullable String pseudo(String name) {
      return pseudo.get(name);
    }

    /** RFC 9113 section 8.2.1: no NUL, CR or LF, and no white space at the ends. */
    private static boolean isValue(String value) {
      if (!value.isEmpty()
          && (isBlank(value.charAt(0)) || isBlank(value.charAt(value.length() - 1)))) {
        return false;
      }
      return value.chars().allMatch(c -> c >= 0x20 ? c != 0x7f : c == '\t');
    }

    private static boolean isBlank(char c) {
      return c == ' ' || c == '\t';
    }
  }
}
