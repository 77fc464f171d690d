package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import java.io.Serial;

/** Why an upstream could not be reached: an expected answer, so it carries no stack trace. */
final class DialFailure extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  /** What is known beyond the kind, for those who act on it. */
  enum Why {
    OTHER,
    /** The address is the proxy's own. */
    LOOP,
    /** The upstream speaks none of the protocols that it was offered. */
    OTHER_PROTOCOL,
    /** Nobody listens at the upstream's address. */
    REFUSED,
    NO_ROUTE,
    NETWORK_UNREACHABLE
  }

  private final FailureKind kind;
  private final Why why;

  DialFailure(FailureKind kind, String text) {
    this(kind, text, Why.OTHER);
  }

  DialFailure(FailureKind kind, String text, Why why) {
    super(Text.printable(text), null, false, false);
    this.kind = kind;
    this.why = why;
  }

  /** The upstream speaks none of the protocols that it was offered (RFC 7301 section 3.2). */
  static DialFailure otherProtocol(String text) {
    return new DialFailure(FailureKind.UPSTREAM_TLS, text, Why.OTHER_PROTOCOL);
  }

  /** The address is the proxy's own. */
  static DialFailure loop() {
    return new DialFailure(FailureKind.CONNECT, ErrorResponse.loop().text(), Why.LOOP);
  }

  /** What another failure means here: itself, or a bug of ours. */
  static DialFailure of(Throwable cause) {
    return cause instanceof DialFailure failure
        ? failure
        : new DialFailure(FailureKind.CONNECT, "cannot connect: " + cause);
  }

  FailureKind kind() {
    return kind;
  }

  Why why() {
    return why;
  }

  boolean isLoop() {
    return why == Why.LOOP;
  }

  boolean isOtherProtocol() {
    return why == Why.OTHER_PROTOCOL;
  }

  String text() {
    return String.valueOf(getMessage());
  }

  ErrorResponse answer() {
    return isLoop() ? ErrorResponse.loop() : ErrorResponse.failed(kind, text());
  }
}
