package dev.earshot.content;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.Heads;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Listens to one exchange for messages. It is made from the request's head, hears of the response's
 * head with {@link #response}, and is given the bytes of both directions: bodies without their
 * framing or, once a WebSocket is open, what goes through it. Which messages there are is decided
 * by the heads alone:
 *
 * <ul>
 *   <li>a WebSocket: 101 to {@code Upgrade: websocket} (RFC 6455 section 4), or 2xx to a CONNECT
 *       with a header {@code :protocol} of that name (RFC 8441 section 4);
 *   <li>server-sent events: a response of {@code text/event-stream}, content-coded or not;
 *   <li>gRPC, gRPC-Web and gRPC-Web-Text, by the content type of each direction; what a client
 *       sends is listened to before there is a response.
 * </ul>
 *
 * <p>Never throws on any input; what makes no sense ends the messages of its direction, and so does
 * a WebSocket's message that inflates to more than 256 MiB. It keeps at most 64 KiB of a message's
 * text, and the windows of what is compressed. Not thread-safe.
 */
public final class MessageTap implements AutoCloseable {
  private static final int MOST_TRAILERS = 1_000;

  private final DecodeMemory memory;
  private final RequestHead request;
  private final Consumer<Message> messages;
  private final List<Header> trailers = new ArrayList<>();
  private MessageReader up;
  private MessageReader down = new MessageReader.None();
  private boolean answered;
  private boolean closed;

  private MessageTap(RequestHead request, DecodeMemory memory, Consumer<Message> messages) {
    this.request = request;
    this.memory = memory;
    this.messages = messages;
    this.up = grpc(Direction.UP, request.headers());
  }

  /**
   * A tap for the exchange that this request begins.
   *
   * @param memory shared with others
   */
  public static MessageTap of(
      RequestHead request, DecodeMemory memory, Consumer<Message> messages) {
    return new MessageTap(request, memory, messages);
  }

  /** The head of a response arrived. Only the first that is final, or 101, counts. */
  public void response(ResponseHead response) {
    boolean interim = response.status() < 200 && response.status() != 101;
    if (interim || answered || closed) {
      return;
    }
    answered = true;
    if (Heads.opensWebSocket(request, response)) {
      up.close();
      Optional<Deflate> deflate = deflate(response.headers());
      up = webSocket(Direction.UP, deflate.map(Deflate::clientTakeover));
      down = webSocket(Direction.DOWN, deflate.map(Deflate::serverTakeover));
    } else if (Heads.isEventStream(response.headers())) {
      down = new DecodedReader(response.headers(), memory, new EventStreamReader(messages));
    } else {
      down = grpc(Direction.DOWN, response.headers());
    }
  }

  /** Whether bytes of this direction are of use, as far as the heads are known. */
  public boolean listens(Direction direction) {
    MessageReader reader =
        switch (direction) {
          case UP -> up;
          case DOWN -> down;
        };
    return !(reader instanceof MessageReader.None);
  }

  /** Bytes from the client to the upstream; all of the buffer is taken. */
  public void up(ByteBuffer bytes) {
    up.feed(bytes);
  }

  /** Bytes from the upstream to the client; all of the buffer is taken. */
  public void down(ByteBuffer bytes) {
    down.feed(bytes);
  }

  /** The trailers that came within a body of gRPC-Web; empty before, and without any. */
  public List<Header> trailers() {
    return List.copyOf(trailers);
  }

  /** The exchange is over. Messages that did not end are not told; more bytes are ignored. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      up.close();
      down.close();
    }
  }

  private MessageReader webSocket(Direction direction, Optional<Boolean> contextTakeover) {
    return contextTakeover
        .map(takeover -> WebSocketReader.compressed(direction, messages, takeover))
        .orElseGet(() -> WebSocketReader.plain(direction, messages));
  }

  /** permessage-deflate as the server accepted it; a window of fewer bits inflates all the same. */
  private record Deflate(boolean clientTakeover, boolean serverTakeover) {}

  private static Optional<Deflate> deflate(List<Header> headers) {
    for (String value : Headers.all(headers, "Sec-WebSocket-Extensions")) {
      for (String extension : value.split(",", -1)) {
        List<String> parts = new ArrayList<>();
        for (String part : extension.split(";", -1)) {
          parts.add(part.strip().toLowerCase(Locale.ROOT));
        }
        if (parts.getFirst().equals("permessage-deflate")) {
          return Optional.of(
              new Deflate(
                  !parts.contains("client_no_context_takeover"),
                  !parts.contains("server_no_context_takeover")));
        }
      }
    }
    return Optional.empty();
  }

  private MessageReader grpc(Direction direction, List<Header> headers) {
    return switch (Heads.withoutSuffix(Heads.mediaType(headers))) {
      case "application/grpc" -> GrpcReader.grpc(direction, messages);
      case "application/grpc-web" -> GrpcReader.web(direction, messages, this::trailer);
      case "application/grpc-web-text" ->
          new Base64Reader(GrpcReader.web(direction, messages, this::trailer));
      default -> new MessageReader.None();
    };
  }

  private void trailer(Header trailer) {
    if (trailers.size() < MOST_TRAILERS) {
      trailers.add(trailer);
    }
  }
}
