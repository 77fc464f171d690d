package dev.earshot.proxy.tls;

import java.io.Serial;

/** A file with a client's certificate and key cannot be used. The message is one line of reason. */
public final class ClientIdentityException extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  ClientIdentityException(String message) {
    super(message);
  }
}
