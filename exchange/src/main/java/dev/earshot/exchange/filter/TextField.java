package dev.earshot.exchange.filter;

/** A field that is text. Letters A to Z are compared without case in all of them. */
public enum TextField {
  /** The method; the whole of it. */
  METHOD,
  /** The host; the whole of it, with its port if the pattern has one. */
  HOST,
  /** The URL's path; the whole of it, with the query if the pattern has a question mark. */
  PATH,
  /** The media type of the response, without parameters; a part of it, or all with a wildcard. */
  TYPE,
  /** The name of the client's program; the whole of it. */
  PROCESS,
  /** The decoded bodies, as far as kept; a part of them. */
  BODY;

  /**
   * Whether a value of this field is as the pattern says.
   *
   * @param value of a host, with its port if it has one; of a path, the whole URL; of a type, empty
   *     if the response has none, which is like no pattern
   */
  public Verdict compare(TextPattern pattern, String value) {
    return switch (this) {
      case METHOD, PROCESS -> pattern.whole(value);
      case HOST -> host(pattern, value);
      case PATH -> pattern.whole(path(value, asksQuery(pattern)));
      case TYPE -> value.isEmpty() ? Verdict.DIFFERS : pattern.part(value);
      case BODY -> pattern.partOfBody(value);
    };
  }

  private static Verdict host(TextPattern pattern, String host) {
    Verdict whole = pattern.whole(host);
    int port = portAt(host);
    if (whole == Verdict.DIFFERS && port >= 0) {
      return pattern.whole(host.substring(0, port));
    }
    return whole;
  }

  /** Where the colon before a port is; -1 if there is none, as within an IPv6 address. */
  private static int portAt(String host) {
    int digits = host.length();
    while (digits > 0 && host.charAt(digits - 1) >= '0' && host.charAt(digits - 1) <= '9') {
      digits--;
    }
    int colon = digits - 1;
    boolean port = digits < host.length() && colon > 0 && host.charAt(colon) == ':';
    return port && (host.indexOf(':') == colon || host.charAt(colon - 1) == ']') ? colon : -1;
  }

  private static boolean asksQuery(TextPattern pattern) {
    return switch (pattern) {
      case TextPattern.Literal(var text) -> text.contains("?");
      case TextPattern.Glob(var parts) -> parts.stream().anyMatch(part -> part.contains("?"));
      case TextPattern.Regex _ -> false;
    };
  }

  private static String path(String url, boolean withQuery) {
    int scheme = url.indexOf("://");
    if (scheme < 0) {
      return "";
    }
    int from = first(url, "/?#", scheme + "://".length());
    return url.substring(from, first(url, withQuery ? "#" : "?#", from));
  }

  private static int first(String text, String ofThese, int from) {
    int at = from;
    while (at < text.length() && ofThese.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return at;
  }
}
