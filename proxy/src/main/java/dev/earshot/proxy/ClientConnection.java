package dev.earshot.proxy;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.TrafficEvent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one client: reads requests one after the other, and starts the next one only
 * when the one before has ended, so that pipelined requests are answered in order. Everything but
 * {@link #stop} and {@link #force} happens on its event loop.
 */
final class ClientConnection implements Side.Events {
  private enum Phase {
    /** It is being found out who the client is. Nothing is read. */
    CHECKING,
    /** The client closed before it was known who it is; it may have sent something. */
    LEFT,
    /** Waiting for a request, or the rest of its head. */
    HEAD,
    /** A request is under way. */
    EXCHANGE,
    /** A tunnel is being made, or a TLS handshake. */
    CONNECT,
    /** Bytes are passed on as they are. */
    TUNNEL,
    /** HTTP/2 is spoken, which has requests of its own. */
    HTTP_2,
    /** The last answer is written; what still comes is thrown away. */
    LINGER,
    CLOSED
  }

  private final ProxyContext context;
  private final long id;
  private final Side side;
  private final @Nullable ReverseListener reverse;
  private Phase phase = Phase.CHECKING;
  private ClientProcess process = ClientProcess.UNKNOWN;
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private @Nullable Origin origin;
  private @Nullable Exchange exchange;
  private @Nullable Http1ClientHalf half;
  private @Nullable Relay relay;
  private @Nullable Opening connect;
  private @Nullable Http2Client http2;
  private boolean anyExchange;
  private boolean admitted;
  private boolean stopping;
  private @Nullable Future<?> idleWatch;
  private @Nullable Future<?> admissionWatch;
  private long lastMove = System.nanoTime();

  /** A client of the proxy, or of a listener for one origin. */
  ClientConnection(ProxyContext context, long id, Side side, @Nullable ReverseListener reverse) {
    this.context = context;
    this.id = id;
    this.side = side;
    this.reverse = reverse;
    side.listen(this);
  }

  /** It is known who the client is: serve it. */
  void allowed(ClientProcess who) {
    if (phase != Phase.CHECKING) {
      return;
    }
    process = who;
    phase = Phase.HEAD;
    watchIdle();
    if (reverse == null && credentials().isPresent()) {
      long time = context.plan().timeouts().admission().toNanos();
      admissionWatch = loop().schedule(this::lockOut, time, TimeUnit.NANOSECONDS);
    }
    // A client that has ended its output already was read without being asked for: epoll(7) tells
    // of the end, and what came before it is read with it.
    if (reverse != null) {
      open(new ReverseFlow(context, this, reverse));
    } else {
      nextInBuffer();
    }
  }

  /** It is not to be served. */
  void refused(ErrorResponse answer) {
    if (phase == Phase.CHECKING) {
      refuse(answer, OptionalLong.empty());
    }
  }

  /**
   * It had closed the connection before it was known who it is. What it sent before that is
   * refused; if it sent nothing, nothing is told.
   */
  void left() {
    if (phase != Phase.CHECKING) {
      return;
    }
    phase = Phase.LEFT;
    later(side::drop);
    if (in.isReadable()) {
      refuse(ErrorResponse.clientGone(), OptionalLong.empty());
    } else if (side.inputEnded()) {
      close();
    } else {
      side.read();
    }
  }

  // What the client sends.

  @Override
  public void bytes(ByteBuf bytes) {
    lastMove = System.nanoTime();
    switch (phase) {
      case LINGER, CLOSED, HTTP_2 -> bytes.release();
      case EXCHANGE -> {
        in = Buffers.append(alloc(), in, bytes);
        pump();
      }
      case HEAD -> {
        in = Buffers.append(alloc(), in, bytes);
        parseHead();
      }
      case LEFT -> {
        bytes.release();
        refuse(ErrorResponse.clientGone(), OptionalLong.empty());
      }
      case CHECKING, CONNECT, TUNNEL -> in = Buffers.append(alloc(), in, bytes);
    }
  }

  @Override
  public void readComplete() {
    if (phase == Phase.EXCHANGE && exchange != null) {
      exchange.clientReadComplete();
    } else if (http2 != null) {
      http2.readComplete();
    } else if (phase == Phase.HEAD || phase == Phase.LINGER || phase == Phase.LEFT) {
      side.read();
    }
  }

  @Override
  public void ended() {
    switch (phase) {
      case HEAD -> {
        if (in.isReadable()) {
          refuse(
              ErrorResponse.malformed("the connection ended within its head"),
              OptionalLong.of(in.readableBytes()));
        } else {
          close();
        }
      }
      case EXCHANGE -> {
        if (exchange == null) {
          return;
        }
        if (side.isTls()) {
          // RFC 5246 section 7.2.1 has the other side close at once, and BoringSSL does: nothing
          // can
          // be written any more.
          exchange.clientGone("the client closed the connection");
        } else {
          exchange.clientChanged();
        }
      }
      case LEFT, LINGER -> close();
      case HTTP_2 -> {
        if (side.isTls() || http2 == null) {
          close();
        } else {
          http2.ended();
        }
      }
      case CHECKING, CONNECT, TUNNEL, CLOSED -> {}
    }
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    phase = Phase.CLOSED;
    if (idleWatch != null) {
      // It would keep all this in memory until it ran.
      idleWatch.cancel(false);
    }
    if (admissionWatch != null) {
      admissionWatch.cancel(false);
    }
    if (exchange != null) {
      exchange.abort(
          FailureKind.CLIENT_GONE, "the client closed the connection before the response ended");
    }
    if (connect != null) {
      connect.cancel();
    }
    if (http2 != null) {
      http2.gone();
    }
    in.release();
    in = Unpooled.EMPTY_BUFFER;
  }

  @Override
  public void writable() {
    lastMove = System.nanoTime();
    if (exchange != null) {
      exchange.clientChanged();
    }
  }

  private void parseHead() {
    int limit = context.plan().limits().headBytes();
    int length = Math.min(in.readableBytes(), limit);
    if (length == 0) {
      return;
    }
    byte[] bytes = ByteBufUtil.getBytes(in, in.readerIndex(), length, true);
    if (origin == null && !anyExchange && SocksParser.begins(bytes[0])) {
      open(new SocksFlow(this));
      return;
    }
    if (origin == null && !anyExchange && ConnectSniffer.isHttp2(bytes, length)) {
      serveHttp2(null, takeUnread());
      return;
    }
    switch (HeadParser.request(bytes, length)) {
      case ParsedHead.NeedMore<RequestHead>() -> {
        if (length == limit) {
          tooLarge("a head of more than %d bytes".formatted(limit), limit);
        }
      }
      case ParsedHead.Malformed<RequestHead>(var reason, var at) ->
          refuse(ErrorResponse.malformed(reason), OptionalLong.of(at));
      case ParsedHead.Complete<RequestHead>(var head, var consumed) -> {
        in.skipBytes(consumed);
        int most = context.plan().limits().headerCount();
        if (head.headers().size() > most) {
          tooLarge("more than %d header lines".formatted(most), consumed);
        } else {
          request(head);
        }
      }
    }
  }

  private void tooLarge(String why, int at) {
    refuse(ErrorResponse.tooLarge(why), OptionalLong.of(at));
  }

  private void request(RequestHead head) {
    Framing framing = Framing.ofRequest(head);
    if (framing instanceof Framing.Refused(var reason)) {
      refuse(ErrorResponse.malformed(reason), OptionalLong.empty());
      return;
    }
    if (origin != null) {
      Optional<ErrorResponse> refusal = origin.refusal(head);
      if (refusal.isPresent()) {
        refuse(refusal.get(), OptionalLong.empty());
        return;
      }
      forward(head, framing, origin.key(), origin.target(head), origin.host(), origin.failure());
      return;
    }
    if (credentials().filter(asked -> !asked.isIn(head.headers())).isPresent()) {
      refuse(ErrorResponse.proxyAuth("none were sent, or wrong ones"), OptionalLong.empty());
      return;
    }
    admitted();
    routed(head, framing);
  }

  private void routed(RequestHead head, Framing framing) {
    switch (Route.of(head)) {
      case Route.Refuse(var answer) -> refuse(answer, OptionalLong.empty());
      case Route.Tunnel(var host, var port) -> {
        if (!(framing instanceof Framing.None)) {
          refuse(ErrorResponse.malformed("CONNECT with a body"), OptionalLong.empty());
        } else {
          connect(head, host, port, new ConnectAnswer.Http(this), Unpooled.EMPTY_BUFFER);
        }
      }
      case Route.Forward(var target, var originForm) -> {
        var here = context.reverseAt(target.host(), target.port());
        if (here.isPresent() && !target.isTls()) {
          // It would come back to us: it goes on as if it had.
          var known = here.get().key(context.plan().upstreamProxies(), UpstreamKey.Offer.HTTP_1);
          forward(head, framing, known, originForm, Optional.of(known.target().authority()), null);
          return;
        }
        if (context.dialer().isSelf(target.host(), target.port())) {
          refuse(ErrorResponse.loop(), OptionalLong.empty());
          return;
        }
        var way =
            context.plan().upstreamProxies().decide(target.scheme(), target.host(), target.port());
        var key =
            new UpstreamKey(target, target.host(), way, target.isTls(), UpstreamKey.Offer.HTTP_1);
        forward(head, framing, key, originForm, Optional.of(hostFor(head, target)), null);
      }
    }
  }

  /**
   * Makes the tunnel that the client asked for.
   *
   * @param head the request, or what it would be in HTTP
   * @param answer tells the client what became of it
   * @param early what the client has sent for it already; taken over
   */
  void connect(RequestHead head, String host, int port, ConnectAnswer answer, ByteBuf early) {
    in = Buffers.append(alloc(), in, early);
    var here = context.reverseAt(host, port);
    if (here.isPresent()) {
      answer.connected();
      open(new ReverseFlow(context, this, here.get()));
    } else if (context.dialer().isSelf(host, port)) {
      reportLoop();
      answer.failed(DialFailure.loop());
    } else {
      open(new ConnectFlow(context, this, head, host, port, answer));
    }
  }

  private void open(Opening opening) {
    phase = Phase.CONNECT;
    connect = opening;
    opening.start();
  }

  /** RFC 9112 section 3.2.2: the target wins over a Host header that disagrees with it. */
  private static String hostFor(RequestHead head, Target target) {
    Optional<String> host = Headers.first(head.headers(), "Host");
    boolean agrees =
        host.isPresent()
            && HostNames.isAscii(host.get())
            && Authority.parse(host.get(), Target.defaultPort(target.scheme()))
                instanceof Authority.Parsed(var name, var port)
            && Authority.canonicalHost(name).equals(Authority.canonicalHost(target.host()))
            && port == target.port();
    return agrees ? host.get() : target.authority();
  }

  private void forward(
      RequestHead head,
      Framing framing,
      UpstreamKey key,
      String originForm,
      Optional<String> host,
      @Nullable DialFailure failure) {
    String url = key.target().url(originForm);
    RequestHead toSend =
        Forwarding.request(
            head, key.absoluteForm() ? url : originForm, host, key.proxyAuthorization());
    var recorder = begin(head, url, key.target().host());
    phase = Phase.EXCHANGE;
    var client = new Http1ClientHalf(this, head, framing, context.plan().limits());
    if (failure != null) {
      recorder.failed(failure.kind(), failure.text());
      client.answer(failure.answer(), false);
      return;
    }
    half = client;
    exchange = new Exchange(context, client, recorder, head, toSend, framing, key);
    exchange.start();
  }

  /** Tells of the start of an exchange on this connection. */
  ExchangeRecorder begin(RequestHead head, String url, String host) {
    boolean reused = anyExchange;
    anyExchange = true;
    context.zstd().request(head);
    return ExchangeRecorder.begin(
        context.events(),
        context.decoding(),
        new TrafficEvent.ExchangeStarted(
            context.nextId(), id, reused, process, url, host, ProxyCredentials.hidden(head)));
  }

  // What the parts of this connection ask of it.

  EventLoop loop() {
    return side.channel().eventLoop();
  }

  ByteBufAllocator alloc() {
    return side.channel().alloc();
  }

  Side side() {
    return side;
  }

  long id() {
    return id;
  }

  ClientProcess process() {
    return process;
  }

  /** What it has to show: nothing, if it is of the session. */
  Optional<ProxyCredentials> credentials() {
    return process.owned() ? Optional.empty() : context.plan().credentials();
  }

  /** It has shown what it has to. */
  void admitted() {
    admitted = true;
  }

  /** Strangers must not be able to hold all the connections that there may be. */
  private void lockOut() {
    if (!admitted && phase != Phase.CLOSED) {
      report(ErrorResponse.proxyAuth("none were sent in time"), OptionalLong.empty());
      side.drop();
    }
  }

  /** Whether credentials mean anything to this proxy. */
  boolean mayShowCredentials() {
    return context.plan().credentials().isPresent();
  }

  boolean inputEnded() {
    return side.inputEnded() && !in.isReadable();
  }

  boolean stopping() {
    return stopping;
  }

  boolean isClosed() {
    return phase == Phase.CLOSED;
  }

  /** Something moved: the idle time-out begins anew. */
  void touch() {
    lastMove = System.nanoTime();
  }

  /** Gives the exchange under way what is here of its request's body. */
  void pump() {
    if (exchange != null && half != null) {
      half.pump(exchange, in);
    }
    if (!in.isReadable()) {
      in.release();
      in = Unpooled.EMPTY_BUFFER;
    }
  }

  /** Reads on, unless enough of the next request is here already. */
  void readMore() {
    if (in.readableBytes() < context.plan().limits().headBytes()) {
      side.read();
    }
  }

  void write(ResponseHead head) {
    side.write(HeadWriter.write(alloc(), head));
  }

  void flush() {
    side.flush();
  }

  /** Answers the request under way, and goes on to the next unless this is the last answer. */
  void answer(ErrorResponse answer, boolean withBody, boolean last) {
    boolean close = last || stopping;
    write(answer.head(close));
    if (withBody) {
      side.write(Unpooled.wrappedBuffer(answer.body()));
    }
    exchange = null;
    if (close) {
      linger();
    } else {
      side.flush(this::exchangeOver);
    }
  }

  /** The exchange has ended. */
  void exchangeOver(boolean keepAlive) {
    if (phase != Phase.EXCHANGE) {
      return;
    }
    exchange = null;
    if (!keepAlive || stopping) {
      linger();
      return;
    }
    phase = Phase.HEAD;
    if (in.isReadable()) {
      // Not at once: an endless pipeline must not become an endless recursion.
      loop().execute(this::nextInBuffer);
    } else if (side.inputEnded()) {
      close();
    } else {
      side.read();
    }
  }

  private void nextInBuffer() {
    if (phase != Phase.HEAD) {
      return;
    }
    parseHead();
    if (phase == Phase.HEAD) {
      if (side.inputEnded()) {
        ended();
      } else {
        side.read();
      }
    }
  }

  /** Refuses what never became an exchange, and closes. */
  void refuse(ErrorResponse answer, OptionalLong at) {
    report(answer, at);
    answer(answer, true, true);
  }

  /** Closes with a last answer that is not HTTP; takes it over. */
  void finish(ByteBuf last) {
    side.write(last);
    linger();
  }

  /** Tells that a name turned out to be this proxy. */
  void reportLoop() {
    report(ErrorResponse.loop(), OptionalLong.empty());
  }

  /** Tells of what never became an exchange. */
  void report(ErrorResponse answer, OptionalLong at) {
    context
        .events()
        .accept(new TrafficEvent.ConnectionRefused(id, answer.kind(), answer.text(), at));
  }

  /**
   * From now on the requests on this connection, decrypted or not, go to this origin.
   *
   * @param early what was read of them already; taken over
   */
  void serve(Origin to, ByteBuf early) {
    origin = to;
    connect = null;
    phase = Phase.HEAD;
    side.listen(this);
    in = Buffers.append(alloc(), in, early);
    nextInBuffer();
  }

  /**
   * The same for a client that speaks HTTP/2.
   *
   * @param to null if each request says where it goes
   */
  void serveHttp2(@Nullable Origin to, ByteBuf early) {
    connect = null;
    phase = Phase.HTTP_2;
    side.listen(this);
    var serving = new Http2Client(context, this, to);
    http2 = serving;
    serving.start(early);
    if (stopping) {
      serving.stop();
    }
  }

  /** Hands over what was read and not used; the caller owns it. */
  ByteBuf takeUnread() {
    ByteBuf unread = in;
    in = Unpooled.EMPTY_BUFFER;
    return unread;
  }

  /** Goes on as a relay, beginning with what both sides have sent already. */
  Relay tunnel(
      Side upstream,
      ByteBuf bytesOfClient,
      ByteBuf bytesOfUpstream,
      Relay.Tap tap,
      Consumer<Relay> closed) {
    phase = Phase.TUNNEL;
    connect = null;
    var made = new Relay(side, upstream, context.plan().timeouts(), tap, closed);
    relay = made;
    made.start(bytesOfClient, bytesOfUpstream);
    return made;
  }

  /**
   * Closes once the client has read what is written: it is told that nothing follows, and what it
   * still sends is thrown away for a while, because a close with unread bytes is a reset, which
   * destroys the answer.
   */
  private void linger() {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.LINGER;
    in.release();
    in = Unpooled.EMPTY_BUFFER;
    side.endOutput();
    if (side.inputEnded() || stopping) {
      side.close();
    } else {
      side.read();
    }
    later(side::drop);
  }

  void close() {
    side.close();
  }

  /**
   * Ends the connection within a response. What is written goes out first; the client notices by
   * the missing rest, or, where the end of the connection would pass for that of the response, by a
   * reset.
   *
   * @param endsWithConnection whether it would
   */
  void breakOff(boolean endsWithConnection) {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.LINGER;
    exchange = null;
    if (endsWithConnection) {
      side.flush();
      side.cut();
    } else {
      side.close();
      later(side::cut);
    }
  }

  /** Does it when a client has had time to read the last of an answer. */
  void later(Runnable ending) {
    var _ =
        loop().schedule(ending, context.plan().timeouts().linger().toNanos(), TimeUnit.NANOSECONDS);
  }

  private void watchIdle() {
    long idle = context.plan().timeouts().idle().toNanos();
    long now = System.nanoTime();
    long left = idle - idleNanos(now);
    if (phase == Phase.CLOSED || phase == Phase.TUNNEL) {
      return;
    }
    if (left <= 0) {
      lastMove = now;
      if (http2 != null) {
        http2.idle(now, idle);
      } else if (exchange != null) {
        exchange.idle();
      } else if (phase == Phase.HEAD || (connect != null && connect.isWaiting())) {
        close();
      }
      left = idle - idleNanos(now);
    }
    idleWatch = loop().schedule(this::watchIdle, left, TimeUnit.NANOSECONDS);
  }

  private long idleNanos(long now) {
    long idle = now - lastMove;
    return http2 == null ? idle : http2.idleNanos(now, idle);
  }

  /** Closes what is idle; what is busy closes when it is done. From any thread. */
  void stop() {
    loop()
        .execute(() -> {
          stopping = true;
          switch (phase) {
            case HEAD, LINGER, CHECKING, LEFT -> close();
            case CONNECT -> {
              if (connect != null && connect.isIdle()) {
                close();
              }
            }
            case HTTP_2 -> {
              if (http2 != null) {
                http2.stop();
              }
            }
            case EXCHANGE, TUNNEL, CLOSED -> {}
          }
        });
  }

  /**
   * Cuts it, whatever is under way. From any thread.
   *
   * @param busy called if something was
   */
  void force(Runnable busy) {
    loop()
        .execute(() -> {
          if (phase == Phase.EXCHANGE || phase == Phase.CONNECT || phase == Phase.TUNNEL) {
            busy.run();
          }
          if (http2 != null) {
            http2.force(busy);
          }
          if (exchange != null) {
            exchange.abort(FailureKind.STOPPING, "the proxy stopped");
          }
          if (relay != null) {
            relay.cut();
          }
          side.cut();
        });
  }
}
