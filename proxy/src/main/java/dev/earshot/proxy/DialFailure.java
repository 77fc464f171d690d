package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import java.io.Serial;

/** Why an upstream could not be reached: an expected answer, so it carries no stack trace. */
final class DialFailure extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  private final FailureKind kind;
  private final boolean loop;

  DialFailure(FailureKind kind, String text) {
    this(kind, text, false);
  }

  private DialFailure(FailureKind kind, String text, boolean loop) {
    super(Text.printable(text), null, false, false);
    this.kind = kind;
    this.loop = loop;
  }

  /** The address is the proxy's own. */
  static DialFailure loop() {
    return new DialFailure(FailureKind.CONNECT, ErrorResponse.loop().text(), true);
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

  String text() {
    return String.valueOf(getMessage());
  }

  ErrorResponse answer() {
    return loop ? ErrorResponse.loop() : ErrorResponse.failed(kind, text());
  }
}
