package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import java.io.Serial;

/** Why an upstream could not be reached: an expected answer, so it carries no stack trace. */
final class DialFailure extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  private final FailureKind kind;
  private final boolean loop;
  private final boolean otherProtocol;

  DialFailure(FailureKind kind, String text) {
    this(kind, text, false, false);
  }

  private DialFailure(FailureKind kind, String text, boolean loop, boolean otherProtocol) {
    super(Text.printable(text), null, false, false);
    this.kind = kind;
    this.loop = loop;
    this.otherProtocol = otherProtocol;
  }

  /** The upstream speaks none of the protocols that it was offered (RFC 7301 section 3.2). */
  static DialFailure otherProtocol(String text) {
    return new DialFailure(FailureKind.UPSTREAM_TLS, text, false, true);
  }

  /** The address is the proxy's own. */
  static DialFailure loop() {
    return new DialFailure(FailureKind.CONNECT, ErrorResponse.loop().text(), true, false);
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

  boolean isLoop() {
    return loop;
  }

  boolean isOtherProtocol() {
    return otherProtocol;
  }

  String text() {
    return String.valueOf(getMessage());
  }

  ErrorResponse answer() {
    return loop ? ErrorResponse.loop() : ErrorResponse.failed(kind, text());
  }
}
