package dev.earshot.exchange;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * An exchange as far as it is known: while it goes on, or as it was recorded. The bytes of its
 * bodies are elsewhere ({@link BodySource}).
 *
 * <p>A tunnel is recorded as one, too: its method is {@code CONNECT}, its URL and host are where it
 * leads, its bodies count the bytes of each way, of which none are kept.
 *
 * @param id from 1, in the order of starts within a session
 * @param run the run of the command in which it started, from 1
 * @param startedAt when its request's head was read
 * @param connection the client's connection
 * @param reused whether that had carried an exchange before
 * @param client who made it
 * @param url absolute, such as {@code https://api.example.com/v1/items?page=2}
 * @param host the host's name, with the port where it is not the scheme's own
 * @param response present once its final head has arrived
 * @param end what became of it
 * @param requestBody the request's body so far
 * @param responseBody the response's body so far
 * @param tunnel why it is a tunnel; empty for an exchange
 * @param replayed whether Earshot sent it again for the user
 * @param marked whether the user marked it
 */
public record RecordedExchange(
    long id,
    int run,
    Instant startedAt,
    long connection,
    boolean reused,
    ClientProcess client,
    String url,
    String host,
    RequestHead request,
    Optional<Response> response,
    ExchangeEnd end,
    Body requestBody,
    Body responseBody,
    Optional<TunnelReason> tunnel,
    boolean replayed,
    boolean marked) {

  /**
   * The response's head and when it came.
   *
   * @param remote address and port the upstream connection goes to, such as {@code 127.0.0.1:443}
   * @param sinceStart time since the exchange started
   */
  public record Response(ResponseHead head, String remote, Duration sinceStart) {}
}
