package dev.earshot.exchange;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What heads say about what follows them. */
public final class Heads {
  private static final String WEBSOCKET = "websocket";

  private static final Set<String> GRPC =
      Set.of("application/grpc", "application/grpc-web", "application/grpc-web-text");

  private Heads() {}

  /** The media type of a body in lower case, without parameters; empty if none is given. */
  public static String mediaType(List<Header> headers) {
    String value = Headers.first(headers, "Content-Type").orElse("");
    int semicolon = value.indexOf(';');
    return (semicolon < 0 ? value : value.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
  }

  /**
   * A media type without its suffix: {@code application/grpc} of {@code application/grpc+proto}.
   */
  public static String withoutSuffix(String mediaType) {
    int plus = mediaType.indexOf('+');
    return plus < 0 ? mediaType : mediaType.substring(0, plus);
  }

  /** Whether a body is of a call of gRPC, gRPC-Web or gRPC-Web-Text. */
  public static boolean isGrpc(List<Header> headers) {
    return GRPC.contains(withoutSuffix(mediaType(headers)));
  }

  /** Whether a body is a stream of server-sent events. */
  public static boolean isEventStream(List<Header> headers) {
    return mediaType(headers).equals("text/event-stream");
  }

  /** Whether a request asks for a WebSocket, in the way of HTTP/1.1 or in that of HTTP/2. */
  public static boolean asksWebSocket(RequestHead request) {
    return upgradesToWebSocket(request.headers()) || connectsToWebSocket(request);
  }

  /**
   * Whether a response opens a WebSocket: 101 to {@code Upgrade: websocket} (RFC 6455 section 4),
   * or 2xx to a CONNECT with a header {@code :protocol} of that name (RFC 8441 section 4).
   */
  public static boolean opensWebSocket(RequestHead request, ResponseHead response) {
    int status = response.status();
    return status == 101
        ? upgradesToWebSocket(request.headers()) && upgradesToWebSocket(response.headers())
        : status >= 200 && status < 300 && connectsToWebSocket(request);
  }

  private static boolean connectsToWebSocket(RequestHead request) {
    return request.method().equals("CONNECT")
        && Headers.first(request.headers(), ":protocol")
            .filter(WEBSOCKET::equalsIgnoreCase)
            .isPresent();
  }

  private static boolean upgradesToWebSocket(List<Header> headers) {
    for (String value : Headers.all(headers, "Upgrade")) {
      for (String token : value.split(",", -1)) {
        if (token.strip().equalsIgnoreCase(WEBSOCKET)) {
          return true;
        }
      }
    }
    return false;
  }
}
