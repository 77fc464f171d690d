package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;

/**
 * Which captured text may stand in a snippet as it is: what looks like what it is. Control
 * characters would act on a terminal when they are pasted, and those of category Cf can make text
 * look like other text.
 */
final class PlainText {
  private PlainText() {}

  /** Bytes that are UTF-8 throughout. */
  static Optional<String> utf8(byte[] bytes) {
    try {
      return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  /** What the bytes of a header's value say, if they are UTF-8. */
  static Optional<String> utf8(String latin1) {
    return utf8(latin1.getBytes(ISO_8859_1));
  }

  /** Whether all of it is plain; line feeds and tabs are not. */
  static boolean isPlain(String text) {
    return text.codePoints().allMatch(PlainText::isPlain);
  }

  /** Whether it is a character that is seen, or the space. */
  static boolean isPlain(int codePoint) {
    return codePoint < 0x80
        ? codePoint >= 0x20 && codePoint < 0x7f
        : switch (Character.getType(codePoint)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.SPACE_SEPARATOR,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR ->
              false;
          default -> true;
        };
  }

  /** Whether every char is of ASCII, and seen or the space. */
  static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c >= 0x20 && c < 0x7f);
  }
}
