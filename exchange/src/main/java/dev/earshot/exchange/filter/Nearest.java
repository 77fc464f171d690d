package dev.earshot.exchange.filter;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which of some words was meant by one that is not among them. */
final class Nearest {
  private static final int LONGEST = 24;

  private Nearest() {}

  /** The word with the fewest slips between it and the text; empty if none is near. */
  static Optional<String> to(String text, List<String> words) {
    if (text.length() > LONGEST) {
      return Optional.empty();
    }
    String typed = text.toLowerCase(Locale.ROOT);
    int most = typed.length() <= 3 ? 1 : 2;
    Optional<String> nearest = Optional.empty();
    for (String word : words) {
      int slips = isBeginning(typed, word) ? 1 : slips(typed, word);
      if (slips <= most && slips < typed.length()) {
        nearest = Optional.of(word);
        most = slips - 1;
      }
    }
    return nearest;
  }

  private static boolean isBeginning(String typed, String word) {
    return typed.length() >= 3 && word.startsWith(typed);
  }

  /** Characters to add, drop, replace or swap with the next one. */
  private static int slips(String a, String b) {
    int[][] slips = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          slips[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int least = slips[i - 1][j - 1] + (same ? 0 : 1);
        least = Math.min(least, 1 + Math.min(slips[i - 1][j], slips[i][j - 1]));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        slips[i][j] = swapped ? Math.min(least, slips[i - 2][j - 2] + 1) : least;
      }
    }
    return slips[a.length()][b.length()];
  }
}
