package dev.earshot.exchange.filter;

import dev.earshot.exchange.ExchangeEnd;
import dev.earshot.exchange.Heads;
import dev.earshot.exchange.RecordedExchange;
import java.util.Locale;
import java.util.Optional;

/** What {@code is:} can ask for. Each is known at every time, and tells how it stands now. */
public enum Trait {
  /** It ended before its response was complete. */
  FAILED,
  /** It has not ended, or nobody saw its end. */
  PENDING,
  /** Its response opened a WebSocket. */
  WEBSOCKET,
  /** Its response is a stream of server-sent events. */
  SSE,
  /** Its request or response is of a call of gRPC or gRPC-Web. */
  GRPC,
  /** A connection passed on as it is. */
  TUNNEL,
  /** Earshot sent it again for the user. */
  REPLAYED,
  /** The user marked it. */
  MARKED,
  /** Less of a body is kept than there was; not said of a tunnel, of which nothing is kept. */
  TRUNCATED,
  /** Its client is not known to belong to the session's process tree. */
  UNOWNED;

  /** As it is written. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether this exchange is one. */
  public boolean of(RecordedExchange exchange) {
    return switch (this) {
      case FAILED -> exchange.end() instanceof ExchangeEnd.Failed;
      case PENDING -> exchange.end() instanceof ExchangeEnd.Pending;
      case WEBSOCKET ->
          exchange
              .response()
              .filter(response -> Heads.opensWebSocket(exchange.request(), response.head()))
              .isPresent();
      case SSE ->
          exchange
              .response()
              .filter(response -> Heads.isEventStream(response.head().headers()))
              .isPresent();
      case GRPC ->
          Heads.isGrpc(exchange.request().headers())
              || exchange
                  .response()
                  .filter(response -> Heads.isGrpc(response.head().headers()))
                  .isPresent();
      case TUNNEL -> exchange.tunnel().isPresent();
      case REPLAYED -> exchange.replayed();
      case MARKED -> exchange.marked();
      case TRUNCATED ->
          exchange.tunnel().isEmpty()
              && (exchange.requestBody().isCut() || exchange.responseBody().isCut());
      case UNOWNED -> !exchange.client().owned();
    };
  }

  /** The trait of this name, without case. */
  static Optional<Trait> named(String text) {
    for (Trait trait : values()) {
      if (trait.word().equalsIgnoreCase(text)) {
        return Optional.of(trait);
      }
    }
    return Optional.empty();
  }
}
