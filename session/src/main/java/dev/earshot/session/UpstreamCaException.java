package dev.earshot.session;

/** A file of {@code --upstream-ca} cannot be used. The message is one line for the user. */
public final class UpstreamCaException extends Exception {
  private static final long serialVersionUID = 1;

  UpstreamCaException(String message) {
    super(message);
  }
}
