package dev.earshot.exchange;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A fact about the traffic. Every {@link ExchangeStarted} is followed by exactly one {@link
 * ExchangeFinished} or {@link ExchangeFailed} with its id, every {@link TunnelOpened} by exactly
 * one {@link TunnelClosed}. Exchanges and tunnels share one sequence of ids, from 1.
 */
public sealed interface TrafficEvent {

  /** The head of a request was read and accepted. */
  record ExchangeStarted(
      long id,
      long connection,
      boolean reused,
      ClientProcess client,
      String url,
      String host,
      RequestHead request)
      implements TrafficEvent {}

  /**
   * The head of the final response arrived.
   *
   * @param remote address and port the upstream connection goes to, such as {@code 127.0.0.1:443}
   * @param sinceStart time since the exchange started
   */
  record ResponseStarted(long id, ResponseHead response, String remote, Duration sinceStart)
      implements TrafficEvent {}

  /**
   * The exchange is complete: the whole response was passed to the client.
   *
   * @param requestBytes bytes of the request's body as sent: compressed or not, without the framing
   *     of chunks
   * @param responseBytes the same of the response's body
   * @param responseDecodedBytes bytes of the response's body without its content coding; present if
   *     it had one and was decoded whole
   * @param truncated whether less of a body is kept than there was, where bodies are kept at all
   */
  record ExchangeFinished(
      long id,
      int status,
      Duration duration,
      long requestBytes,
      long responseBytes,
      OptionalLong responseDecodedBytes,
      List<Header> trailers,
      Timings timings,
      boolean truncated)
      implements TrafficEvent {
    public ExchangeFinished {
      trailers = List.copyOf(trailers);
    }
  }

  /** A message was passed within an exchange that has not ended; they come in each way's order. */
  record MessagePassed(long id, Message message) implements TrafficEvent {}

  /**
   * The exchange ended before its response was complete.
   *
   * @param detail one line of text
   * @param requestBytes bytes of the request's body that were sent
   * @param responseBytes bytes of the response's body that came
   */
  record ExchangeFailed(
      long id,
      FailureKind error,
      String detail,
      Duration duration,
      long requestBytes,
      long responseBytes)
      implements TrafficEvent {}

  /**
   * Bytes that never became an exchange: a malformed head, a request to the proxy itself, another
   * user's process.
   *
   * @param error a word: {@code malformed}, {@code too_large}, {@code loop}, {@code other_user},
   *     {@code client_gone}
   * @param at offset of the first byte at fault within the head, if one is
   */
  record ConnectionRefused(long connection, String error, String detail, OptionalLong at)
      implements TrafficEvent {}

  /** A connection is passed on as it is. */
  record TunnelOpened(long id, long connection, ClientProcess client, String host, TunnelReason why)
      implements TrafficEvent {}

  /**
   * A tunnel ended.
   *
   * @param up bytes from the client to the upstream
   * @param down bytes from the upstream to the client
   */
  record TunnelClosed(long id, long up, long down) implements TrafficEvent {}

  /** A connection could not be passed on: no tunnel was opened. */
  record TunnelFailed(long id, String host, FailureKind error, String detail)
      implements TrafficEvent {}

  /** Something the user should know, that ended nothing. */
  record Warning(String code, String text, Optional<String> hint) implements TrafficEvent {}
}
