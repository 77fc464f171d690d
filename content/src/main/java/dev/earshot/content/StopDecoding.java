package dev.earshot.content;

/** Why a body is decoded no further. Never leaves this package. */
final class StopDecoding extends Exception {
  private static final long serialVersionUID = 1;

  /** What is to be said of the body. */
  enum Reason {
    DAMAGED,
    CUT
  }

  private final Reason reason;
  private final String why;

  private StopDecoding(Reason reason, String why) {
    super(why, null, false, false);
    this.reason = reason;
    this.why = why;
  }

  /** The data is not what its coding says. */
  static StopDecoding damaged(String why) {
    return new StopDecoding(Reason.DAMAGED, why);
  }

  /** A limit was reached. */
  static StopDecoding cut(String why) {
    return new StopDecoding(Reason.CUT, why);
  }

  Reason reason() {
    return reason;
  }

  String why() {
    return why;
  }
}
