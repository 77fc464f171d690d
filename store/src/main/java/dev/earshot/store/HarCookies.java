package dev.earshot.store;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cookies out of the values of headers, as a user agent reads them. Never throws. */
final class HarCookies {
  private static final int LAST_YEAR = 9999;
  private static final Pattern DELIMITERS =
      Pattern.compile("[\\x09\\x20-\\x2F\\x3B-\\x40\\x5B-\\x60\\x7B-\\x7E]+");
  private static final Pattern TIME = Pattern.compile("(\\d{1,2}):(\\d{1,2}):(\\d{1,2})(?:\\D.*)?");
  private static final Pattern DAY = Pattern.compile("(\\d{1,2})(?:\\D.*)?");
  private static final Pattern YEAR = Pattern.compile("(\\d{2,4})(?:\\D.*)?");
  private static final String MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
  private static final Pattern MAX_AGE = Pattern.compile("-?\\d{1,18}");

  private HarCookies() {}

  /** A cookie; what is absent was not said. */
  record Cookie(
      String name,
      String value,
      Optional<String> path,
      Optional<String> domain,
      Optional<Instant> expires,
      boolean httpOnly,
      boolean secure,
      Optional<String> sameSite) {}

  /** Those of one {@code Cookie} header (RFC 6265 section 4.2.1). */
  static List<Cookie> sent(String value) {
    List<Cookie> cookies = new ArrayList<>();
    for (String pair : value.split(";", -1)) {
      if (!pair.isBlank()) {
        cookies.add(
            new Cookie(
                name(pair),
                value(pair),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                Optional.empty()));
      }
    }
    return cookies;
  }

  /**
   * That of one {@code Set-Cookie} header (RFC 6265 section 5.2).
   *
   * @param at when it was set
   */
  static Cookie set(String header, Instant at) {
    String[] parts = header.split(";", -1);
    Optional<String> path = Optional.empty();
    Optional<String> domain = Optional.empty();
    Optional<Instant> expires = Optional.empty();
    Optional<Instant> maxAge = Optional.empty();
    Optional<String> sameSite = Optional.empty();
    boolean httpOnly = false;
    boolean secure = false;
    for (int i = 1; i < parts.length; i++) {
      boolean pair = parts[i].indexOf('=') >= 0;
      String name = pair ? name(parts[i]) : parts[i].strip();
      String said = pair ? value(parts[i]) : "";
      switch (name.toLowerCase(Locale.ROOT)) {
        case "path" -> path = Optional.of(said);
        case "domain" -> domain = Optional.of(said);
        case "expires" -> expires = date(said);
        case "max-age" -> maxAge = after(at, said);
        case "samesite" -> sameSite = Optional.of(said);
        case "httponly" -> httpOnly = true;
        case "secure" -> secure = true;
        default -> {
          // Of no field in an archive.
        }
      }
    }
    return new Cookie(
        name(parts[0]),
        value(parts[0]),
        path,
        domain,
        maxAge.isPresent() ? maxAge : expires,
        httpOnly,
        secure,
        sameSite);
  }

  private static String name(String pair) {
    int equals = pair.indexOf('=');
    return equals < 0 ? "" : pair.substring(0, equals).strip();
  }

  private static String value(String pair) {
    return pair.substring(pair.indexOf('=') + 1).strip();
  }

  private static Optional<Instant> after(Instant at, String seconds) {
    if (!MAX_AGE.matcher(seconds).matches()) {
      return Optional.empty();
    }
    long latest =
        LocalDateTime.of(LAST_YEAR, 12, 31, 0, 0).toEpochSecond(ZoneOffset.UTC)
            - at.getEpochSecond();
    long age = Long.parseLong(seconds);
    return Optional.of(age <= 0 ? Instant.EPOCH : at.plusSeconds(Math.min(age, latest)));
  }

  /** RFC 6265 section 5.1.1, which reads every form that a date was ever written in. */
  static Optional<Instant> date(String text) {
    int[] time = {};
    int day = -1;
    int month = -1;
    int year = -1;
    for (String token : DELIMITERS.split(text, -1)) {
      Matcher clock = TIME.matcher(token);
      Matcher ofMonth = DAY.matcher(token);
      Matcher ofEra = YEAR.matcher(token);
      if (time.length == 0 && clock.matches()) {
        time = new int[] {number(clock, 1), number(clock, 2), number(clock, 3)};
      } else if (day < 0 && ofMonth.matches()) {
        day = number(ofMonth, 1);
      } else if (month < 0 && month(token) > 0) {
        month = month(token);
      } else if (year < 0 && ofEra.matches()) {
        year = fullYear(number(ofEra, 1));
      }
    }
    if (time.length == 0 || day < 0 || month < 0 || year < 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          LocalDateTime.of(year, month, day, time[0], time[1], time[2]).toInstant(ZoneOffset.UTC));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  private static int month(String token) {
    if (token.length() < 3) {
      return -1;
    }
    int at = MONTHS.indexOf(token.substring(0, 3).toLowerCase(Locale.ROOT));
    return at >= 0 && at % 3 == 0 ? at / 3 + 1 : -1;
  }

  private static int fullYear(int year) {
    if (year < 70) {
      return year + 2000;
    }
    return year < 100 ? year + 1900 : year;
  }
}
