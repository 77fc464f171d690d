package dev.earshot.exchange.snippet;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.Redaction;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Masks what is secret in the body of a message with this head. */
record BodyMask(Redaction redaction, List<Header> headers) {
  /** The most bytes that are looked through. */
  static final int LONGEST = 256 * 1024;

  /** Parameters stand behind {@code ?}, as {@link Redaction#url} knows them. */
  private static final String QUERY = "?";

  BodyMask {
    headers = List.copyOf(headers);
  }

  /** What became of a body. */
  sealed interface Result {
    /** Nothing in it is secret. */
    record Same() implements Result {}

    /** Something was, and this is left. */
    record Masked(String text) implements Result {}

    /** It could hold secrets, and cannot be looked through. */
    record Unknown() implements Result {}
  }

  /** Looks through the bytes on the wire. */
  Result apply(byte[] bytes) {
    return apply(
        bytes, Headers.first(headers, "Content-Encoding").filter(c -> !c.equals("identity")));
  }

  /** Looks through bytes that were decoded, if they could be. */
  Result applyDecoded(byte[] bytes) {
    return apply(bytes, Optional.empty());
  }

  private Result apply(byte[] bytes, Optional<String> coding) {
    String type = type(headers);
    if (redaction == Redaction.NONE || bytes.length == 0 || isMedia(type)) {
      return new Result.Same();
    }
    Optional<String> text =
        coding.isPresent() || bytes.length > LONGEST ? Optional.empty() : PlainText.utf8(bytes);
    if (text.isEmpty()) {
      return new Result.Unknown();
    }
    String masked = masked(text.get(), type);
    return masked.equals(text.get()) ? new Result.Same() : new Result.Masked(masked);
  }

  private String masked(String text, String type) {
    return type.equals("application/x-www-form-urlencoded")
        ? redaction.url(QUERY + text).substring(QUERY.length())
        : redaction.text(text);
  }

  /** The media type without its parameters, in lower case; empty if there is none. */
  static String type(List<Header> headers) {
    String value = Headers.first(headers, "Content-Type").orElse("");
    int end = value.indexOf(';');
    return (end < 0 ? value : value.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }

  private static boolean isMedia(String type) {
    return (type.startsWith("image/") && !type.endsWith("+xml"))
        || type.startsWith("audio/")
        || type.startsWith("video/")
        || type.startsWith("font/");
  }
}
