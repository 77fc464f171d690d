package dev.earshot.proxy;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** The proxy could not listen. The message is one line that names the address and the cause. */
public final class ProxyStartException extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  ProxyStartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
