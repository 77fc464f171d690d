package dev.earshot.exchange;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Masks the text of XML elements whose name announces a secret. */
final class MarkupSecrets {
  /** An element without elements in it: its start tag, its name, its text. */
  private static final Pattern ELEMENT =
      Pattern.compile(
          "(<(?:[A-Za-z_][A-Za-z0-9_.-]{0,64}+:)?+([A-Za-z_][A-Za-z0-9_.-]{0,64}+)(?:\\s[^<>]{0,256}+)?+>)"
              + "(<!\\[CDATA\\[[^\\]]++\\]\\]>|[^<]++)(?=</)");

  private MarkupSecrets() {}

  static String masked(String text) {
    return text.contains("</")
        ? ELEMENT
            .matcher(text)
            .replaceAll(found -> {
              boolean secret = SecretNames.assigned(found.group(2)) && !found.group(3).isBlank();
              return Matcher.quoteReplacement(
                  secret ? found.group(1) + Redaction.MASK : found.group());
            })
        : text;
  }
}
