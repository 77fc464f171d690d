package dev.earshot.store;

import tools.jackson.core.JsonGenerator;

/** Writes the inside of one JSON string, piece by piece. */
final class HarEscapes implements HarChars.Sink {
  private final JsonGenerator out;

  HarEscapes(JsonGenerator out) {
    this.out = out;
  }

  @Override
  public void accept(char[] chars, int length) {
    int done = 0;
    for (int at = 0; at < length; at++) {
      char c = chars[at];
      if (c < ' ' || c == '"' || c == '\\' || TerminalEscapes.isHarmful(c)) {
        out.writeRaw(chars, done, at - done);
        out.writeRaw(escape(c));
        done = at + 1;
      }
    }
    out.writeRaw(chars, done, length - done);
  }

  /** As RFC 8259 section 7 has them. */
  private static String escape(char c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> TerminalEscapes.escape(c);
    };
  }
}
