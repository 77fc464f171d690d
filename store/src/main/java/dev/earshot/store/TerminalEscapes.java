package dev.earshot.store;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.io.SerializedString;

/**
 * JSON that can be looked at: characters that a terminal acts on, or that change how others are
 * shown, are written as escapes, which mean the same to a parser.
 */
public final class TerminalEscapes extends CharacterEscapes {
  /** For a factory of generators. */
  public static final CharacterEscapes JSON = new TerminalEscapes();

  private static final long serialVersionUID = 1;
  private static final char DELETE = 0x7F;
  private static final HexFormat HEX = HexFormat.of();

  private TerminalEscapes() {}

  /** Whether a char beyond those that JSON itself must escape is written as an escape. */
  static boolean isHarmful(char c) {
    return c >= DELETE
        && switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR ->
              true;
          default -> false;
        };
  }

  /** The escape of any char. */
  static String escape(char c) {
    return "\\u" + HEX.toHexDigits(c);
  }

  @Override
  public int[] getEscapeCodesForAscii() {
    int[] codes = standardAsciiEscapesForJSON();
    codes[DELETE] = ESCAPE_CUSTOM;
    return codes;
  }

  @Override
  public @Nullable SerializableString getEscapeSequence(int c) {
    return isHarmful((char) c) ? new SerializedString(escape((char) c)) : null;
  }
}
