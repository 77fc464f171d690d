package dev.earshot.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** The word that was probably meant. */
final class Nearest {
  private static final int MOST_EDITS = 2;

  private Nearest() {}

  /**
   * The closest of the words; empty if each differs by more than two edits, or by half of itself.
   */
  static Optional<String> of(String word, Collection<String> words) {
    return words.stream()
        .filter(each -> edits(word, each) <= MOST_EDITS)
        .filter(each -> 2 * edits(word, each) < Math.max(word.length(), each.length()))
        .min(Comparator.<String>comparingInt(each -> edits(word, each)).thenComparing(it -> it));
  }

  /** Letters to insert, to remove or to change (Levenshtein). */
  static int edits(String from, String to) {
    if (Math.abs(from.length() - to.length()) > MOST_EDITS) {
      return MOST_EDITS + 1;
    }
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int change = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }
}
