package dev.earshot.exchange.snippet;

import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/** What libraries that parse a URL make of a request target. */
final class TargetForm {
  /** RFC 3986 section 6.2.2: nothing is left to normalise, and nobody does. */
  private static final Pattern NORMAL =
      Pattern.compile(
          "/(?!/)(?:[A-Za-z0-9._~!$&()*+,;=:@/?-]|%(?!2D|2E|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]"
              + "|7[0-9AE])[0-9A-F]{2})*+");

  private static final Pattern DOTS = Pattern.compile("/(?:\\.|%2[eE]){1,2}(?:/|$)");

  private static final Pattern LONE_PERCENT = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  private TargetForm() {}

  /** Whether a library that normalises URLs sends it unchanged. */
  static boolean isNormal(String target) {
    return NORMAL.matcher(target).matches() && !hasDots(target);
  }

  /** Why such a library cannot send it at all, if so. */
  static Optional<String> unsendable(RequestParts request, String tool) {
    if (request.target().equals("*")) {
      return Optional.of(
          "%s cannot send the request target * of exchange %d".formatted(tool, request.id()));
    }
    return request.target().indexOf('#') < 0
        ? Optional.empty()
        : Optional.of(
            "%s cannot send a request target with a # as exchange %d has it"
                .formatted(tool, request.id()));
  }

  /** The URL of ASCII alone: other bytes are escaped, as every library would in its own way. */
  static String url(RequestParts request) {
    return request.base() + escaped(request.target(), c -> c < 0x80);
  }

  /** The same for libraries of Python, which escape every escape if one sign begins none. */
  static String urlForPython(RequestParts request) {
    return request.base() + escaped(validEscapes(request.target()), c -> c < 0x80);
  }

  /** Whether there are segments that normalising takes out of the path. */
  static boolean hasDots(String target) {
    return DOTS.matcher(path(target)).find();
  }

  /** The target as {@code java.net.URI} takes it, with escapes for what it does not. */
  static String forJava(String target) {
    String path = path(target);
    String rest = target.substring(path.length());
    return escaped(validEscapes(path), c -> isLegal(c, ""))
        + escaped(validEscapes(rest), c -> isLegal(c, "?[]"));
  }

  private static String path(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** A percent sign that begins no escape is one itself. */
  private static String validEscapes(String text) {
    return LONE_PERCENT.matcher(text).replaceAll("%25");
  }

  private static boolean isLegal(int c, String more) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || "_-!.~'()*,;:$&+=@/%".indexOf(c) >= 0
        || more.indexOf(c) >= 0;
  }

  private static String escaped(String text, IntPredicate stands) {
    var out = new StringBuilder();
    text.chars()
        .forEach(c -> {
          if (stands.test(c)) {
            out.append((char) c);
          } else {
            out.append(String.format(Locale.ROOT, "%%%02X", c));
          }
        });
    return out.toString();
  }
}
