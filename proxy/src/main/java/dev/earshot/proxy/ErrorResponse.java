package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An answer of the proxy's own: one line of plain text, and its kind in an {@code earshot-error}
 * header, so that nobody takes it for the upstream's.
 *
 * @param status the status code
 * @param kind a word, as in events
 * @param text why, and what to try
 */
record ErrorResponse(int status, String kind, String text) {
  private static final String PROXY_AUTH = "proxy_auth";

  ErrorResponse {
    text = Text.printable(text);
  }

  static ErrorResponse malformed(String why) {
    return new ErrorResponse(400, "malformed", "cannot accept the request: " + why);
  }

  static ErrorResponse tooLarge(String why) {
    return new ErrorResponse(431, "too_large", "cannot accept the request: " + why);
  }

  static ErrorResponse notAnOrigin() {
    return new ErrorResponse(
        400,
        "malformed",
        "this is an HTTP proxy, not a web server: use it as the proxy of a client, such as in"
            + " HTTP_PROXY");
  }

  static ErrorResponse badSocks(String why) {
    return new ErrorResponse(400, "malformed", "cannot accept the SOCKS request: " + why);
  }

  static ErrorResponse socksCommand(int command) {
    String what = command == 2 ? "BIND" : command == 3 ? "UDP ASSOCIATE" : "command " + command;
    return new ErrorResponse(
        501, "unsupported", "SOCKS is served for CONNECT alone, not for " + what);
  }

  static ErrorResponse loop() {
    return new ErrorResponse(403, "loop", "cannot forward to this proxy itself");
  }

  static ErrorResponse noTunnel() {
    return new ErrorResponse(
        501,
        "malformed",
        "CONNECT is not possible within this connection: its upstream does not offer it");
  }

  static ErrorResponse proxyAuth(String why) {
    // No colon after "password": masked events would lose what follows it as one.
    return new ErrorResponse(407, PROXY_AUTH, "this proxy needs a name and a password; " + why);
  }

  static ErrorResponse reverseOnly(String target, String what) {
    return new ErrorResponse(
        400,
        "malformed",
        "this listener takes HTTP for %s alone: this is %s".formatted(target, what));
  }

  static ErrorResponse otherUser(String detail) {
    return new ErrorResponse(
        403, "other_user", "this proxy serves only the user who started it: " + detail);
  }

  static ErrorResponse clientGone() {
    return new ErrorResponse(
        403,
        "client_gone",
        "the client closed the connection before it was known whose it is; a client has to wait for"
            + " the answer");
  }

  static ErrorResponse tooManyClients(int limit) {
    return new ErrorResponse(
        503, "too_many_clients", "this proxy has %d connections, its limit".formatted(limit));
  }

  static ErrorResponse malformedResponse(String host, String why) {
    return new ErrorResponse(
        502,
        FailureKind.MALFORMED.wireName(),
        "%s answered with malformed HTTP (%s); if it must be let through: --passthrough %s"
            .formatted(host, why, host));
  }

  static ErrorResponse failed(FailureKind kind, String text) {
    return new ErrorResponse(status(kind), kind.wireName(), text);
  }

  /** RFC 9110 section 15.6: 504 for what did not answer in time, 502 for what could not be used. */
  private static int status(FailureKind kind) {
    return switch (kind) {
      case CONNECT_TIMEOUT, TIMEOUT -> 504;
      case STOPPING -> 503;
      case TOO_LARGE -> 431;
      case DNS, CONNECT, UPSTREAM_TLS, RESET, CLIENT_GONE, MALFORMED -> 502;
    };
  }

  /** The head; {@code last} says that the connection is closed after it. */
  ResponseHead head(boolean last) {
    List<Header> headers = new ArrayList<>();
    headers.add(new Header("Content-Type", "text/plain; charset=utf-8"));
    headers.add(new Header("Content-Length", String.valueOf(body().length)));
    headers.add(new Header("earshot-error", kind));
    if (status == 407) {
      // RFC 9110 section 11.7.1: it MUST say how.
      headers.add(new Header("Proxy-Authenticate", "Basic realm=\"earshot\", charset=\"UTF-8\""));
    }
    headers.add(new Header("Connection", last ? "close" : "keep-alive"));
    return new ResponseHead(HttpVersion.HTTP_1_1, status, reason(), headers);
  }

  byte[] body() {
    return ("earshot: " + text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private String reason() {
    return switch (status) {
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 407 -> "Proxy Authentication Required";
      case 431 -> "Request Header Fields Too Large";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      default -> "";
    };
  }
}
