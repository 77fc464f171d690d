package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.ResponseHead;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What an HTTP proxy means by an answer that is its own, in words for people. Pure. */
final class ProxyRefusal {
  private ProxyRefusal() {}

  /** Why there is no tunnel, after an answer to CONNECT that is not of success. */
  static String ofConnect(UpstreamProxy.Http proxy, ResponseHead answer) {
    return switch (answer.status()) {
      // Some say it with 401, though that is for origins.
      case 401, 407 -> authentication(proxy, answer);
      case 403 -> "it does not allow a tunnel to there (%s)".formatted(status(answer));
      default -> "it answered CONNECT with " + status(answer);
    };
  }

  /**
   * The failure that a response in absolute-form is: a client that did not choose the proxy, and
   * perhaps knows of none, could do nothing with a 407.
   */
  static Optional<DialFailure> ofResponse(UpstreamKey key, ResponseHead response) {
    return response.status() == 407
            && key.absoluteForm()
            && key.way() instanceof UpstreamProxies.Way.Through(UpstreamProxy.Http proxy)
        ? Optional.of(
            new DialFailure(
                FailureKind.CONNECT,
                "cannot reach %s through the upstream proxy %s: %s"
                    .formatted(key.target().hostAndPort(), proxy, authentication(proxy, response))))
        : Optional.empty();
  }

  private static String authentication(UpstreamProxy.Http proxy, ResponseHead answer) {
    List<String> schemes = schemes(answer);
    if (!schemes.isEmpty() && schemes.stream().noneMatch("basic"::equalsIgnoreCase)) {
      return "it asks for authentication by %s (%s), and Earshot knows Basic alone"
          .formatted(String.join(", ", schemes), status(answer));
    }
    String what =
        proxy.credentials().isPresent() ? "it refuses the credentials" : "it needs credentials";
    return "%s (%s): give them as %s".formatted(what, status(answer), proxy.form());
  }

  /** The first word of each challenge; commas also part parameters, which have a {@code =}. */
  private static List<String> schemes(ResponseHead answer) {
    return Headers.all(answer.headers(), "Proxy-Authenticate").stream()
        .flatMap(value -> Stream.of(value.split(",", -1)))
        .map(part -> part.strip().split("\\s", 2)[0])
        .filter(word -> word.matches("[A-Za-z][A-Za-z0-9-]{0,20}"))
        .distinct()
        .toList();
  }

  private static String status(ResponseHead answer) {
    return (answer.status() + " " + answer.reason()).strip();
  }
}
