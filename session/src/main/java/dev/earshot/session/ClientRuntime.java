package dev.earshot.session;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** A family of clients that is told about the proxy by variables of its own. */
public enum ClientRuntime {
  /** The common variables: {@code HTTP_PROXY} and its kin, {@code SSL_CERT_FILE}. */
  GENERIC,
  AWS,
  CURL,
  DENO,
  ELIXIR,
  GCLOUD,
  GIT,
  GRPC,
  HASKELL,
  JAVA,
  NIX,
  NODE,
  PERL,
  PHP,
  PYTHON,
  RUST,
  WGET;

  /** The name as {@code --no-inject} takes it: lower case. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The runtime with this name; names are compared exactly. */
  public static Optional<ClientRuntime> named(String name) {
    return Arrays.stream(values()).filter(runtime -> runtime.wireName().equals(name)).findFirst();
  }
}
