package dev.earshot.session;

/** A file of {@code --client-cert} cannot be used. The message is one line for the user. */
public final class ClientCertificateException extends Exception {
  private static final long serialVersionUID = 1;

  ClientCertificateException(String message) {
    super(message);
  }
}
