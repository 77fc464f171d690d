package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;

/** A request's body as snippets need it. */
sealed interface SnippetBody {
  /**
   * The longest body that a snippet holds: what Earshot keeps of one unless it is told otherwise.
   */
  int LONGEST = 1024 * 1024;

  /** The longest text that stands in a snippet as text. */
  int LONGEST_TEXT = 16 * 1024;

  /** No bytes. */
  record Empty() implements SnippetBody {}

  /** Text in UTF-8 of plain characters, tabs, carriage returns and line feeds. */
  record Text(String text) implements SnippetBody {}

  /**
   * Anything else.
   *
   * @param base64 in one line
   */
  record Bytes(String base64) implements SnippetBody {}

  /**
   * It is not all there, so that there is none: half a body would not be the same request.
   *
   * @param why in a sentence, in our own words
   */
  record Missing(String why) implements SnippetBody {}

  /** A body, and whether it was masked. */
  record Read(SnippetBody body, boolean masked) {}

  /**
   * Reads the body of a request.
   *
   * @param announced what its Content-Length says, if it has one
   */
  static Read of(Body known, Optional<String> announced, BodySource source, BodyMask mask)
      throws IOException {
    if (known.gap() == BodyGap.MASKED) {
      return new Read(new Missing("The body was masked as a whole."), true);
    }
    if (known.isCut()
        || announced.filter(n -> !n.equals(Long.toString(known.bytes()))).isPresent()) {
      return new Read(
          new Missing(
              "Of the %s bytes of the body, %d were kept."
                  .formatted(size(known, announced), known.kept())),
          false);
    }
    if (known.kept() > LONGEST) {
      return new Read(
          new Missing("The body has %d bytes, too many for a snippet.".formatted(known.kept())),
          false);
    }
    byte[] bytes;
    try (InputStream in = source.open(Direction.UP)) {
      bytes = in.readNBytes(LONGEST + 1);
    }
    if (bytes.length != known.kept()) {
      return new Read(
          new Missing(
              "The body has %d bytes, of which %d could be read."
                  .formatted(known.kept(), bytes.length)),
          false);
    }
    return switch (mask.apply(bytes)) {
      case BodyMask.Result.Same _ -> new Read(of(bytes), false);
      case BodyMask.Result.Masked(String text) -> new Read(of(text.getBytes(UTF_8)), true);
      case BodyMask.Result.Unknown _ ->
          new Read(
              new Missing(
                  "The body has %d bytes, and could not be looked through for secrets."
                      .formatted(bytes.length)),
              true);
    };
  }

  /** The body of these bytes. */
  static SnippetBody of(byte[] bytes) {
    if (bytes.length == 0) {
      return new Empty();
    }
    if (bytes.length <= LONGEST_TEXT) {
      Optional<String> text = PlainText.utf8(bytes).filter(SnippetBody::isText);
      if (text.isPresent()) {
        return new Text(text.get());
      }
    }
    return new Bytes(Base64.getEncoder().encodeToString(bytes));
  }

  /** Base64 in lines of 76 characters, each ended by a line feed. */
  static String lines(String base64) {
    var out = new StringBuilder(base64.length() + base64.length() / 76 + 1);
    for (int at = 0; at < base64.length(); at += 76) {
      out.append(base64, at, Math.min(base64.length(), at + 76)).append('\n');
    }
    return out.toString();
  }

  /** Whether it is of this many bytes at least; of one that is missing it is not known. */
  static boolean mayHave(SnippetBody body, int bytes) {
    return switch (body) {
      case Empty _ -> false;
      case Text(String text) -> text.getBytes(UTF_8).length >= bytes;
      case Bytes(String base64) -> base64.length() / 4 * 3 >= bytes;
      case Missing _ -> true;
    };
  }

  private static boolean isText(String text) {
    return text.codePoints()
        .allMatch(c -> c == '\t' || c == '\r' || c == '\n' || PlainText.isPlain(c));
  }

  /** A captured number is not repeated unless it is one. */
  private static String size(Body known, Optional<String> announced) {
    return announced
        .filter(n -> n.length() < 19 && n.chars().allMatch(c -> c >= '0' && c <= '9'))
        .orElseGet(() -> String.format(Locale.ROOT, "%d", known.bytes()));
  }
}
