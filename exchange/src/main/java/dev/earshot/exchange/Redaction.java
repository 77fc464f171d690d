package dev.earshot.exchange;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Masks secrets in what leaves the owner's record: event streams, exports, reports, argument lists.
 *
 * <p>A value is masked by the name it stands under (header, URL parameter, option, assignment), or
 * by its own shape (credentials after {@code Bearer}, well-known token formats, user information in
 * a URL). In doubt it is masked. What is no secret comes back unchanged, char for char, and what
 * was masked once is not changed by masking it again.
 *
 * <p>Some names are too common to be secret by themselves: {@code key}, {@code code}, {@code
 * ticket}, {@code nonce} and {@code sid} are masked as URL parameters when the value has at least
 * 16 characters, as API keys and OAuth codes have. A short option such as {@code -p} is not taken
 * for a password.
 *
 * <p>No method throws, whatever the text. The work is linear in its length; a string of more than
 * 256 Ki characters is masked as a whole instead of being looked through. Safe for use by several
 * threads.
 */
public enum Redaction {
  /** Masks credentials: the default. */
  CREDENTIALS,
  /** Masks nothing. */
  NONE;

  /** What stands in place of a secret. */
  public static final String MASK = "***";

  private static final int LONGEST_TEXT = 256 * 1024;
  private static final int LONGEST_NAME = 128;
  private static final int LONGEST_SCHEME = 32;

  /** How deep URLs within parameters of URLs are looked into. */
  private static final int DEEPEST = 3;

  private static final String URL_ENDS = " \t\r\n\"'<>`";
  private static final String QUOTES = "\"'`";

  /** A header value with a scheme from this list keeps the scheme; any other could be a secret. */
  private static final Set<String> SCHEMES =
      Set.of(
          "basic",
          "bearer",
          "digest",
          "negotiate",
          "ntlm",
          "token",
          "apikey",
          "api-key",
          "dpop",
          "hoba",
          "mutual",
          "oauth",
          "gnap",
          "vapid",
          "hawk",
          "signature",
          "sharedkey",
          "aws",
          "aws4-hmac-sha256",
          "aws4-ecdsa-p256-sha256",
          "scram-sha-1",
          "scram-sha-256",
          "key",
          "bot",
          "jwt",
          "ssws",
          "splunk",
          "geniekey",
          "googlelogin",
          "privatetoken",
          "snowflake");

  private static final Set<String> URL_HEADERS =
      Set.of(
          "location",
          "content-location",
          "referer",
          "referrer",
          "origin",
          "destination",
          ":path",
          "x-original-url",
          "x-original-uri",
          "x-rewrite-url",
          "x-forwarded-uri",
          "sourcemap");

  private static final Set<String> COOKIE_ATTRIBUTES =
      Set.of(
          "expires",
          "max-age",
          "domain",
          "path",
          "secure",
          "httponly",
          "samesite",
          "priority",
          "partitioned",
          "version");

  /** A date has no {@code =}, so that no second cookie hides behind its comma. */
  private static final Pattern COOKIE_DATE = Pattern.compile("[A-Za-z0-9 ,:+-]*+");

  private static final Set<String> HEADER_OPTIONS = Set.of("header", "proxy-header");
  private static final Set<String> USER_OPTIONS = Set.of("user", "proxy-user");

  /** Letters whose value may follow without a space: {@code -uname:password}. */
  private static final Set<String> ATTACHED = Set.of("H", "u", "U");

  /** Schemes whose {@code @} separates no user information from a host. */
  private static final Set<String> MAILBOX_SCHEMES =
      Set.of("mailto", "sip", "sips", "xmpp", "acct", "urn", "data", "blob", "about", "javascript");

  private static final Pattern AFTER_SCHEME_WORD =
      Pattern.compile(
          "(?i)(?<![A-Za-z0-9])(bearer|basic|negotiate|ntlm|dpop)([ \\t]++)"
              + "(?!(?:authentication|authorization|tokens?|credentials|scheme|header|access)\\b)"
              + "[A-Za-z0-9._~+/-]{6,}+=*+(?![=\"A-Za-z0-9])");

  private static final Pattern TOKEN_SHAPES =
      Pattern.compile(
          "(?<![A-Za-z0-9_])(?:"
              + "eyJ[A-Za-z0-9_-]{8,}+\\.[A-Za-z0-9_-]{4,}+(?:\\.[A-Za-z0-9_-]*+){0,3}"
              + "|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+"
              + "|glpat-[A-Za-z0-9_-]{16,}+|xox[a-z]-[A-Za-z0-9-]{10,}+"
              + "|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+"
              + "|sk-[A-Za-z0-9_-]{20,}+|A(?:KI|SI)A[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{30,}+"
              + "|ya29\\.[A-Za-z0-9_-]{10,}+|npm_[A-Za-z0-9]{30,}+|hv[sb]\\.[A-Za-z0-9_-]{20,}+"
              + "|SG\\.[A-Za-z0-9_-]{16,}+\\.[A-Za-z0-9_-]{16,}+|pypi-[A-Za-z0-9_-]{30,}+"
              + "|dop_v1_[a-f0-9]{32,}+)");

  private static final Pattern PRIVATE_KEY =
      Pattern.compile("-----BEGIN [A-Z ]{0,32}KEY-----", Pattern.CASE_INSENSITIVE);

  private static final Pattern OPTION_IN_TEXT =
      Pattern.compile(
          "(?<![^\\s\"'(;|&])(-{1,2}+[A-Za-z][A-Za-z0-9_-]{0,40}+)(=|[ \\t]++)"
              + "(\"[^\"]*+\"|'[^']*+'|[^\\s\"']++)");

  /** The profile with this name, as {@code --redact} takes it. */
  public static Optional<Redaction> named(String name) {
    return Arrays.stream(values()).filter(profile -> profile.wireName().equals(name)).findFirst();
  }

  /** The name of the profile in options and artefacts: lower case. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The same headers in the same order, with the secret parts of their values masked. */
  public List<Header> headers(List<Header> headers) {
    return this == NONE ? List.copyOf(headers) : headers.stream().map(Redaction::header).toList();
  }

  /** A URL or a part of one (a request target, a relative reference, {@code host:port}). */
  public String url(String url) {
    return this == NONE ? url : maskedUrl(url, DEEPEST);
  }

  /**
   * An argument list, the program's name included: values of secret options, of headers and
   * credentials given to an HTTP client, secret assignments, URLs; also within a script that is one
   * argument.
   */
  public List<String> argv(List<String> argv) {
    return this == NONE ? List.copyOf(argv) : maskedArguments(argv);
  }

  /** One line of free text, such as the detail of a failure. */
  public String text(String text) {
    return this == NONE ? text : maskedText(text, DEEPEST);
  }

  /**
   * Whether a value under this name is masked as a whole: for those who know a document's structure
   * better than {@link #text} can tell it from its text.
   */
  public boolean masksValuesOf(String name) {
    return this != NONE && SecretNames.assigned(name);
  }

  private static Header header(Header header) {
    return new Header(header.name(), maskedHeaderValue(header.name(), header.value()));
  }

  private static String maskedHeaderValue(String name, String value) {
    String plain = name.strip().toLowerCase(Locale.ROOT);
    if (value.length() > LONGEST_TEXT) {
      return MASK;
    }
    if (plain.equals("cookie") || plain.equals("cookie2")) {
      return maskedCookies(value);
    }
    if (plain.equals("set-cookie") || plain.equals("set-cookie2")) {
      return maskedSetCookie(value);
    }
    if (SecretNames.header(plain)) {
      return maskedCredentials(value);
    }
    return URL_HEADERS.contains(plain) ? maskedUrl(value, DEEPEST) : maskedText(value, DEEPEST);
  }

  /** RFC 9110 section 11.4: a scheme, then token68 or parameters. */
  private static String maskedCredentials(String value) {
    int start = skip(value, 0, " \t");
    int end = indexOfAny(value, start, " \t");
    if (start == value.length()) {
      return value;
    }
    boolean scheme =
        end < value.length()
            && SCHEMES.contains(value.substring(start, end).toLowerCase(Locale.ROOT));
    return scheme ? value.substring(0, end) + " " + MASK : MASK;
  }

  /** RFC 6265 section 4.2.1. */
  private static String maskedCookies(String value) {
    var masked = new StringBuilder(value.length());
    int at = 0;
    while (at < value.length()) {
      int end = indexOfAny(value, at, ";");
      masked.append(maskedPair(value.substring(at, end)));
      if (end < value.length()) {
        masked.append(';');
      }
      at = end + 1;
    }
    return masked.toString();
  }

  /** RFC 6265 section 4.1.1: the pair, then attributes. */
  private static String maskedSetCookie(String value) {
    int end = indexOfAny(value, 0, ";");
    var masked = new StringBuilder(maskedPair(value.substring(0, end)));
    while (end < value.length()) {
      int next = indexOfAny(value, end + 1, ";");
      masked.append(';').append(maskedAttribute(value.substring(end + 1, next)));
      end = next;
    }
    return masked.toString();
  }

  private static String maskedAttribute(String attribute) {
    int equals = attribute.indexOf('=');
    String name = equals < 0 ? attribute : attribute.substring(0, equals);
    String value = equals < 0 ? "" : attribute.substring(equals + 1);
    String plain = name.strip().toLowerCase(Locale.ROOT);
    boolean harmless =
        plain.equals("expires") ? COOKIE_DATE.matcher(value).matches() : value.indexOf(',') < 0;
    return (COOKIE_ATTRIBUTES.contains(plain) && harmless) || attribute.isBlank()
        ? attribute
        : maskedPair(attribute);
  }

  /** Keeps the name and the white space around the pair; without a name, all of it is the value. */
  private static String maskedPair(String pair) {
    int start = skip(pair, 0, " \t");
    if (start == pair.length()) {
      return pair;
    }
    int equals = pair.indexOf('=');
    return equals < 0 ? pair.substring(0, start) + MASK : pair.substring(0, equals + 1) + MASK;
  }

  private static String maskedUrl(String url, int depth) {
    if (url.length() > LONGEST_TEXT) {
      return MASK;
    }
    int authority = authority(url);
    int host = afterUserInfo(url, authority);
    int query = indexOfAny(url, host, "?#");
    String before =
        host > authority ? url.substring(0, authority) + MASK + "@" : url.substring(0, host);
    return maskedShapes(
        before
            + maskedPairs(url.substring(host, query), "/", "/;", depth)
            + maskedPairs(url.substring(query), "&#", "&?#;", depth));
  }

  /**
   * Where the authority begins: behind the slashes, of which browsers and tools take any number and
   * either kind. The begin of the text if there are none.
   */
  private static int authority(String url) {
    int scheme = 0;
    while (scheme < url.length() && scheme < LONGEST_SCHEME && schemeChar(url.charAt(scheme))) {
      scheme++;
    }
    boolean absolute = scheme > 0 && scheme < url.length() && url.charAt(scheme) == ':';
    int slashes = absolute ? scheme + 1 : 0;
    int behind = skip(url, slashes, "/\\");
    return behind - slashes >= (absolute ? 1 : 2) ? behind : 0;
  }

  /**
   * Where the host begins: behind the last {@code @} of the authority (RFC 3986 section 3.2). A
   * password with a raw slash ends the authority too early; then what looks like a port is none.
   */
  private static int afterUserInfo(String url, int authority) {
    int end = indexOfAny(url, authority, "/?#\\");
    int at = url.lastIndexOf('@', end - 1);
    if (at >= authority) {
      return authority > 0 || passwordBefore(url, at) ? at + 1 : authority;
    }
    int colon = url.indexOf(':', authority);
    boolean brokenPort =
        authority > 0
            && colon >= 0
            && colon < end - 1
            && url.charAt(authority) != '['
            && !url.substring(colon + 1, end).chars().allMatch(Character::isDigit);
    int later = brokenPort ? url.lastIndexOf('@') : -1;
    return later > end ? later + 1 : authority;
  }

  private static boolean passwordBefore(String url, int at) {
    int colon = url.indexOf(':');
    return colon >= 0
        && colon < at
        && !MAILBOX_SCHEMES.contains(url.substring(0, colon).toLowerCase(Locale.ROOT));
  }

  /**
   * Pairs {@code name=value} of a path (matrix parameters), a query or a fragment.
   *
   * @param secretEnds what ends the value of a secret; the rest could belong to it
   * @param ends what ends any other piece
   */
  private static String maskedPairs(String text, String secretEnds, String ends, int depth) {
    var masked = new StringBuilder(text.length());
    int at = 0;
    while (at < text.length()) {
      int equals = indexOfAny(text, at, ends + "=");
      int end = indexOfAny(text, equals, ends);
      if (equals < end) {
        String name = text.substring(at, equals);
        if (SecretNames.parameter(name, longValue(text, equals + 1, secretEnds))) {
          int secretEnd = indexOfAny(text, equals + 1, secretEnds);
          masked.append(name).append('=').append(maskedUnlessEmpty(secretEnd - equals - 1));
          end = secretEnd;
        } else {
          masked.append(name).append('=').append(opened(text.substring(equals + 1, end), depth));
        }
      } else {
        masked.append(opened(text.substring(at, end), depth));
      }
      if (end < text.length()) {
        masked.append(text.charAt(end));
      }
      at = end + 1;
    }
    return masked.toString();
  }

  /** Whether the value is as long as a key is. Looks no further, to stay linear. */
  private static boolean longValue(String text, int start, String ends) {
    int enough = start + SecretNames.LONG_VALUE;
    return enough <= text.length()
        && indexOfAny(text.substring(start, enough), 0, ends) == SecretNames.LONG_VALUE;
  }

  private static String maskedUnlessEmpty(int length) {
    return length == 0 ? "" : MASK;
  }

  /**
   * Looks into a value that may hold a text of its own, encoded; masks it whole if that has one.
   */
  private static String opened(String value, int depth) {
    boolean holdsMore =
        value.indexOf('%') >= 0 || value.indexOf(':') >= 0 || value.indexOf('=') >= 0;
    if (!holdsMore || depth == 0) {
      return value;
    }
    String inner = SecretNames.percentDecoded(value);
    boolean secret =
        !maskedText(inner, depth - 1).equals(inner)
            || (!inner.equals(value) && !maskedUrl(inner, depth - 1).equals(inner));
    return secret ? MASK : value;
  }

  private static String maskedText(String text, int depth) {
    if (text.length() > LONGEST_TEXT || PRIVATE_KEY.matcher(text).find()) {
      return MASK;
    }
    return maskedShapes(maskedAssignments(MarkupSecrets.masked(maskedUrlsIn(text, depth))));
  }

  private static String maskedUrlsIn(String text, int depth) {
    var masked = new StringBuilder(text.length());
    int done = 0;
    int colon = text.indexOf("://");
    while (colon >= 0) {
      int start = colon;
      while (start > done && colon - start < LONGEST_SCHEME && schemeChar(text.charAt(start - 1))) {
        start--;
      }
      int end = indexOfAny(text, colon, URL_ENDS);
      masked.append(text, done, start).append(maskedUrl(text.substring(start, end), depth));
      done = end;
      colon = text.indexOf("://", end);
    }
    return masked.append(text, done, text.length()).toString();
  }

  private static boolean schemeChar(char c) {
    return Character.isLetterOrDigit(c) || c == '+' || c == '.' || c == '-';
  }

  /** Masks what follows a secret name and {@code =} or {@code :}. */
  private static String maskedAssignments(String text) {
    var masked = new StringBuilder(text.length());
    int done = 0;
    for (int i = 0; i < text.length(); i++) {
      char sign = text.charAt(i);
      if ((sign == '=' || sign == ':') && secretBefore(text, done, i)) {
        int start = skip(text, i + 1, sign == ':' && quoteBefore(text, i) ? " \t\r\n\\" : " \t\\");
        var value = AssignedValue.of(text, start, sign, quoteBefore(text, i));
        if (value.end() > value.start()) {
          masked.append(text, done, value.start());
          masked.append(
              value.mask().isEmpty()
                  ? maskedCredentials(text.substring(value.start(), value.end()))
                  : value.mask());
          done = value.end();
          i = value.end() - 1;
        }
      }
    }
    return done == 0 ? text : masked.append(text, done, text.length()).toString();
  }

  /** Whether the name before a sign is in quotes. */
  private static boolean quoteBefore(String text, int sign) {
    int end = sign;
    while (end > 0 && " \t\r\n".indexOf(text.charAt(end - 1)) >= 0) {
      end--;
    }
    return end > 0 && QUOTES.indexOf(text.charAt(end - 1)) >= 0;
  }

  private static boolean secretBefore(String text, int from, int sign) {
    int end = sign;
    while (end > from && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
      end--;
    }
    boolean quoted = end > from && QUOTES.indexOf(text.charAt(end - 1)) >= 0;
    while (end > from && (QUOTES + "\\").indexOf(text.charAt(end - 1)) >= 0) {
      end--;
    }
    int start = end;
    while (start > from && end - start < LONGEST_NAME && nameChar(text.charAt(start - 1))) {
      start--;
    }
    String name = text.substring(start, end);
    // "unexpected token: <" is a sentence; a header's name has a hyphen, a JSON field has quotes.
    boolean sentence =
        text.charAt(sign) == ':' && !quoted && name.toLowerCase(Locale.ROOT).equals("token");
    return !sentence && SecretNames.assigned(name);
  }

  private static boolean nameChar(char c) {
    return Character.isLetterOrDigit(c) || "_.-%[]".indexOf(c) >= 0;
  }

  private static String maskedShapes(String text) {
    String masked = AFTER_SCHEME_WORD.matcher(text).replaceAll("$1$2" + MASK);
    return TOKEN_SHAPES.matcher(masked).replaceAll(MASK);
  }

  private static List<String> maskedArguments(List<String> argv) {
    List<String> masked = new ArrayList<>(argv.size());
    String option = "";
    for (String argument : argv) {
      boolean value = !option.isEmpty() && !argument.startsWith("--");
      masked.add(value ? maskedOptionValue(option, argument) : maskedArgument(argument));
      option = value ? "" : optionWithValueNext(argument);
    }
    return List.copyOf(masked);
  }

  /** The option whose value is the next argument, if that needs a look; else empty. */
  private static String optionWithValueNext(String argument) {
    boolean option = argument.startsWith("-") && argument.indexOf('=') < 0;
    String name = option ? optionName(argument) : "";
    return name.isEmpty() || optionKind(name) == OptionKind.ORDINARY ? "" : name;
  }

  private static String maskedArgument(String argument) {
    if (argument.length() > LONGEST_TEXT) {
      return MASK;
    }
    int equals = argument.indexOf('=');
    if (argument.startsWith("-") && equals > 0) {
      String name = optionName(argument.substring(0, equals));
      if (optionKind(name) != OptionKind.ORDINARY) {
        return argument.substring(0, equals + 1)
            + maskedOptionValue(name, argument.substring(equals + 1));
      }
    }
    if (argument.length() > 2 && argument.charAt(0) == '-' && argument.charAt(1) != '-') {
      String letter = argument.substring(1, 2);
      if (ATTACHED.contains(letter)) {
        return argument.substring(0, 2) + maskedOptionValue(letter, argument.substring(2));
      }
    }
    return maskedScript(maskedText(argument, DEEPEST));
  }

  /** Options within a text that is a command line itself, such as the argument of {@code sh -c}. */
  private static String maskedScript(String text) {
    if (indexOfAny(text, 0, " \t\n") == text.length()) {
      return text;
    }
    return OPTION_IN_TEXT
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(maskedOption(found)));
  }

  private static String maskedOption(MatchResult found) {
    String value = found.group(3);
    boolean quoted = value.length() > 1 && QUOTES.indexOf(value.charAt(0)) >= 0;
    String quote = quoted ? value.substring(0, 1) : "";
    String inner = quoted ? value.substring(1, value.length() - 1) : value;
    String masked = maskedOptionValue(optionName(found.group(1)), inner);
    return found.group(1) + found.group(2) + quote + masked + quote;
  }

  private static String optionName(String dashed) {
    return dashed.substring(skip(dashed, 0, "-"));
  }

  private enum OptionKind {
    ORDINARY,
    HEADER,
    USER,
    COOKIES,
    SECRET
  }

  private static OptionKind optionKind(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (name.equals("H") || HEADER_OPTIONS.contains(lower)) {
      return OptionKind.HEADER;
    }
    if (name.equals("u") || name.equals("U") || USER_OPTIONS.contains(lower)) {
      return OptionKind.USER;
    }
    if (name.equals("b") || lower.equals("cookie")) {
      return OptionKind.COOKIES;
    }
    return SecretNames.option(name) ? OptionKind.SECRET : OptionKind.ORDINARY;
  }

  private static String maskedOptionValue(String name, String value) {
    int colon = value.indexOf(':');
    return switch (optionKind(name)) {
      case ORDINARY -> maskedText(value, DEEPEST);
      case HEADER ->
          colon < 0
              ? maskedText(value, DEEPEST)
              : value.substring(0, skip(value, colon + 1, " \t"))
                  + maskedHeaderValue(
                      value.substring(0, colon), value.substring(skip(value, colon + 1, " \t")));
      case USER ->
          colon < 0 || value.startsWith("://", colon)
              ? maskedText(value, DEEPEST)
              : value.substring(0, colon + 1) + maskedUnlessEmpty(value.length() - colon - 1);
      case COOKIES -> value.indexOf('=') < 0 ? maskedText(value, DEEPEST) : maskedCookies(value);
      case SECRET -> maskedUnlessEmpty(value.length());
    };
  }

  private static int skip(String text, int from, String skipped) {
    int at = from;
    while (at < text.length() && skipped.indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }

  /** The index of the first of these characters at or behind {@code from}, else the length. */
  private static int indexOfAny(String text, int from, String wanted) {
    int at = from;
    while (at < text.length() && wanted.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return at;
  }
}
