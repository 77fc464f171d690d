package dev.earshot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Leaves out of a text whose it is: the home directory, the user's name, the machine's name. */
final class PrivateText {
  /** What may not stand beside a name, or it is part of another word. */
  private static final String BEFORE = "(?<![A-Za-z0-9_-])";

  private static final String BEHIND = "(?![A-Za-z0-9_-])";

  /** A word, and what stands for it. */
  private record Rule(Pattern word, String instead) {}

  private final List<Rule> rules = new ArrayList<>();

  /**
   * What is to be left out; of an empty text nothing is.
   *
   * @param homes paths of the home directory
   * @param users names of the user
   * @param host the machine's name
   */
  PrivateText(List<String> homes, List<String> users, String host) {
    for (String home : homes) {
      String path = home.replaceAll("/+$", "");
      if (!path.isEmpty()) {
        rules.add(new Rule(Pattern.compile(Pattern.quote(path) + BEHIND), "~"));
      }
    }
    users.forEach(user -> add(user, "user"));
    if (!host.equals("localhost")) {
      add(host, "host");
      // A full name begins with the short one.
      add(host.substring(0, (host + ".").indexOf('.')), "host");
    }
  }

  private void add(String name, String instead) {
    if (!name.isBlank()) {
      var word = Pattern.compile(BEFORE + Pattern.quote(name) + BEHIND, Pattern.CASE_INSENSITIVE);
      rules.add(new Rule(word, instead));
    }
  }

  String hide(String text) {
    String hidden = text;
    for (Rule each : rules) {
      hidden = each.word().matcher(hidden).replaceAll(Matcher.quoteReplacement(each.instead()));
    }
    return hidden;
  }
}
