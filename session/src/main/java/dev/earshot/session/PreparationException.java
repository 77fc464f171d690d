package dev.earshot.session;

/** What a session needs before it can start could not be had; the problem is one line of text. */
final class PreparationException extends Exception {
  private static final long serialVersionUID = 1L;

  PreparationException(String problem, Throwable cause) {
    super(problem, cause);
  }

  String problem() {
    return String.valueOf(getMessage());
  }
}
