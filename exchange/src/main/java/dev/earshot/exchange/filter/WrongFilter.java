package dev.earshot.exchange.filter;

import java.util.Optional;

/** Ends the parsing of a text that is not a filter; does not leave the package. */
final class WrongFilter extends Exception {
  private static final long serialVersionUID = 1;

  private final int at;
  private final String reason;
  private final transient Optional<String> suggestion;

  /**
   * Because of what is at this index.
   *
   * @param suggestion what was probably meant
   */
  WrongFilter(int at, String message, Optional<String> suggestion) {
    super(message, null, false, false);
    this.at = at;
    this.reason = message;
    this.suggestion = suggestion;
  }

  WrongFilter(int at, String message) {
    this(at, message, Optional.empty());
  }

  WrongFilter(int at, String message, String suggestion) {
    this(at, message, Optional.of(suggestion));
  }

  int at() {
    return at;
  }

  String reason() {
    return reason;
  }

  Optional<String> suggestion() {
    return suggestion;
  }
}
