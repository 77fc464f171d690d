package dev.earshot.content;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.exchange.Body;
import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a kept body says, for people and for exports: text where it is text, bytes otherwise. */
public sealed interface BodyContent {
  /** Why this is not the whole content, if it is not; one line. */
  Optional<String> missing();

  /** Text, without its content coding, in the charset its type names, or else UTF-8. */
  record Text(String text, Optional<String> missing) implements BodyContent {}

  /**
   * What is not text.
   *
   * @param bytes read-only
   * @param decoded whether the content coding was taken off
   */
  record Binary(ByteBuffer bytes, boolean decoded, Optional<String> missing)
      implements BodyContent {}

  Pattern CHARSET = Pattern.compile("(?i);\\s*charset\\s*=\\s*\"?([^\\s\";]{1,64})");

  /**
   * Reads a body, of which at most the limits' bytes are held in memory.
   *
   * @param headers of the message it belongs to
   * @param body how much of it is kept
   * @param source where its bytes are, which may be opened twice
   */
  static BodyContent read(
      List<Header> headers, Body body, BodySource source, Direction direction, DecodeLimits limits)
      throws IOException {
    byte[] bytes;
    Decoded end;
    try (var stream = new DecodedStream(headers, source.open(direction), limits)) {
      bytes = stream.readAllBytes();
      end = stream.end();
    }
    if (end instanceof Decoded.Undecodable(var why)) {
      try (var wire = source.open(direction)) {
        byte[] encoded = wire.readNBytes((int) Math.min(limits.bytes(), Integer.MAX_VALUE - 8));
        return new Binary(readOnly(encoded), false, Optional.of(why));
      }
    }
    Optional<String> missing = gap(body).or(() -> problem(end));
    return text(bytes, charset(headers), missing.isEmpty())
        .<BodyContent>map(text -> new Text(text, missing))
        .orElseGet(() -> new Binary(readOnly(bytes), true, missing));
  }

  private static ByteBuffer readOnly(byte[] bytes) {
    return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
  }

  private static Optional<String> gap(Body body) {
    return switch (body.gap()) {
      case NONE -> Optional.empty();
      case TRUNCATED ->
          Optional.of(
              body.kept() == 0
                  ? "none of its %d bytes were kept".formatted(body.bytes())
                  : "only its first %d of %d bytes were kept".formatted(body.kept(), body.bytes()));
      case GIVEN_UP ->
          Optional.of(
              "the disk could not keep up: %d of %d bytes were kept"
                  .formatted(body.kept(), body.bytes()));
      case MASKED ->
          Optional.of("its %d bytes could hold secrets and were not kept".formatted(body.bytes()));
    };
  }

  private static Optional<String> problem(Decoded end) {
    return switch (end) {
      case Decoded.Whole _, Decoded.Trailing _ -> Optional.empty();
      case Decoded.Unfinished _ -> Optional.of("it ends before its content does");
      case Decoded.Damaged(_, var why) -> Optional.of(why);
      case Decoded.Cut(_, var why) -> Optional.of(why);
      case Decoded.Undecodable(var why) -> Optional.of(why);
    };
  }

  private static Charset charset(List<Header> headers) {
    Matcher named = CHARSET.matcher(Headers.first(headers, "Content-Type").orElse(""));
    try {
      return named.find() ? Charset.forName(named.group(1).toLowerCase(Locale.ROOT)) : UTF_8;
    } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
      return UTF_8;
    }
  }

  /** Empty if these bytes are no text. The last character may be cut off where the body is. */
  private static Optional<String> text(byte[] bytes, Charset charset, boolean whole) {
    var decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    var out = CharBuffer.allocate((int) Math.ceil(bytes.length * decoder.maxCharsPerByte()) + 1);
    var result = decoder.decode(in, out, whole);
    if (result.isError()) {
      return Optional.empty();
    }
    String text = out.flip().toString();
    return text.indexOf('\0') >= 0 ? Optional.empty() : Optional.of(text);
  }
}
