package dev.earshot.cli;

import java.lang.Character.UnicodeBlock;
import java.util.Set;

/** How many cells of a terminal text takes, and text made to take so many. */
final class Cells {
  private static final int FIRST_EMOJI = 0x1F300;
  private static final int LAST_EMOJI = 0x1FAFF;

  private static final Set<UnicodeBlock> WIDE =
      Set.of(
          UnicodeBlock.CJK_UNIFIED_IDEOGRAPHS,
          UnicodeBlock.CJK_UNIFIED_IDEOGRAPHS_EXTENSION_A,
          UnicodeBlock.CJK_UNIFIED_IDEOGRAPHS_EXTENSION_B,
          UnicodeBlock.CJK_COMPATIBILITY_IDEOGRAPHS,
          UnicodeBlock.CJK_SYMBOLS_AND_PUNCTUATION,
          UnicodeBlock.HIRAGANA,
          UnicodeBlock.KATAKANA,
          UnicodeBlock.HANGUL_SYLLABLES,
          UnicodeBlock.HALFWIDTH_AND_FULLWIDTH_FORMS);

  private Cells() {}

  /** The cells that a text without control characters takes. */
  static int of(String text) {
    return text.codePoints().map(Cells::of).sum();
  }

  private static int of(int point) {
    if (point < 0x300) {
      return 1;
    }
    return switch (Character.getType(point)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT -> 0;
      default -> isWide(point) ? 2 : 1;
    };
  }

  private static boolean isWide(int point) {
    return (point >= FIRST_EMOJI && point <= LAST_EMOJI) || WIDE.contains(UnicodeBlock.of(point));
  }

  /** The text filled up with blanks on the right, or cut with an ellipsis. */
  static String left(String text, int cells) {
    String fitting = cut(text, cells);
    return fitting + " ".repeat(cells - of(fitting));
  }

  /** The same with the blanks on the left. */
  static String right(String text, int cells) {
    String fitting = cut(text, cells);
    return " ".repeat(cells - of(fitting)) + fitting;
  }

  /** The text, or its beginning with an ellipsis; at most so many cells. */
  static String cut(String text, int cells) {
    if (of(text) <= cells) {
      return text;
    }
    var kept = new StringBuilder();
    int used = 0;
    for (int point : text.codePoints().toArray()) {
      int more = of(point);
      if (used + more > cells - 1) {
        break;
      }
      used += more;
      kept.appendCodePoint(point);
    }
    return cells < 1 ? "" : kept.append('…').toString();
  }
}
