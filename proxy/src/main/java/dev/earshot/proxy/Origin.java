package dev.earshot.proxy;

import dev.earshot.exchange.Headers;
import dev.earshot.exchange.RequestHead;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where all requests of a connection go.
 *
 * @param key the upstream; of a decrypted tunnel, found and verified when that was made
 * @param failure why it cannot be used, which every request is answered with
 * @param host what Host must be, if the client took us for another than the upstream
 */
record Origin(UpstreamKey key, @Nullable DialFailure failure, Optional<String> host) {
  /** One whose clients know whom they talk to. */
  Origin(UpstreamKey key, @Nullable DialFailure failure) {
    this(key, failure, Optional.empty());
  }

  /** One for clients that took this proxy for the origin. */
  static Origin reverse(UpstreamKey key, @Nullable DialFailure failure) {
    return new Origin(key, failure, Optional.of(key.target().authority()));
  }

  /** Why a request of HTTP/1 cannot go there, whatever it says. */
  Optional<ErrorResponse> refusal(RequestHead head) {
    if (head.method().equals("CONNECT")) {
      return Optional.of(ErrorResponse.noTunnel());
    }
    return host.isPresent() && Headers.all(head.headers(), "Host").size() > 1
        ? Optional.of(ErrorResponse.malformed("more than one Host header"))
        : Optional.empty();
  }

  /** The request target as the upstream gets it: without a host that would not be its own. */
  String target(RequestHead head) {
    return host.isPresent() ? Route.originForm(head.target()) : head.target();
  }
}
