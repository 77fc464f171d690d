package dev.earshot.proxy;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Headers;
import dev.earshot.exchange.RequestHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a client's connection is when HTTP/2 is spoken on it: each stream is an exchange of its own
 * (RFC 9113). On its event loop.
 */
final class Http2Client {
  /** How often a client that sends nothing more is asked whether it is there. */
  private static final Duration PROBE = Duration.ofMillis(500);

  private final ProxyContext context;
  private final ClientConnection client;
  private final @Nullable Origin origin;
  private final Http2Codec codec;
  private final Http2Connection.PropertyKey half;
  private final Consumer<Http2Settings> offer = this::offer;
  private @Nullable Http2Upstream home;
  private Set<Http2ClientHalf> touched = new LinkedHashSet<>();
  private int offeredStreams;
  private boolean offeredConnect;
  private boolean stopping;
  private boolean inputEnded;

  /** For a client whose requests all go to the origin, or, without one, where they say. */
  Http2Client(ProxyContext context, ClientConnection client, @Nullable Origin origin) {
    this.context = context;
    this.client = client;
    this.origin = origin;
    codec =
        Http2Codec.ofClient(
            context.plan().limits(), context.windows(), new FromClient(), new Broken());
    offeredStreams = context.plan().limits().streams();
    half = codec.connection().newKey();
    codec.connection().addListener(new Streams());
    codec.encoder().flowController().listener(new Writability());
  }

  /** Begins, with what was read already; takes it over. */
  void start(ByteBuf early) {
    client.side().insert(codec);
    followUpstream();
    if (early.isReadable()) {
      client.side().channel().pipeline().fireChannelRead(early).fireChannelReadComplete();
    } else {
      early.release();
    }
    client.side().read();
  }

  /**
   * Offers what the upstream offers: no more streams at a time, and WebSockets where it takes them
   * (RFC 8441 section 3).
   */
  private void followUpstream() {
    if (origin == null) {
      return;
    }
    Http2Upstream upstream = context.pool(client.loop()).leastUsed(origin.key());
    if (upstream != null) {
      home = upstream;
      upstream.hold(offer);
    }
  }

  private void offer(Http2Settings ofUpstream) {
    var changed = new Http2Settings();
    Long streams = ofUpstream.maxConcurrentStreams();
    int most = context.plan().limits().streams();
    int now = streams == null ? most : (int) Math.clamp(streams, 1L, most);
    if (now != offeredStreams) {
      offeredStreams = now;
      changed.maxConcurrentStreams(now);
    }
    // RFC 8441 section 3: once said, it is not taken back.
    if (!offeredConnect && Boolean.TRUE.equals(ofUpstream.connectProtocolEnabled())) {
      offeredConnect = true;
      changed.connectProtocolEnabled(true);
    }
    if (!changed.isEmpty() && client.side().channel().isActive()) {
      var _ = codec.encoder().writeSettings(codec.context(), changed, codec.context().newPromise());
      codec.context().flush();
    }
  }

  /** A read is over. */
  void readComplete() {
    if (!touched.isEmpty()) {
      Set<Http2ClientHalf> now = touched;
      touched = new LinkedHashSet<>();
      now.forEach(Http2ClientHalf::readComplete);
    }
  }

  /** The client will send nothing more, but may read what it has asked for. */
  void ended() {
    inputEnded = true;
    if (isDone()) {
      client.close();
      return;
    }
    forEach(Http2ClientHalf::inputEnd);
    probe();
  }

  /**
   * One that has closed its connection for good says so only when it is written to: to the first
   * write it answers with a reset, with which the second fails.
   */
  private void probe() {
    if (isDone() || !client.side().channel().isActive()) {
      return;
    }
    var _ = codec.encoder().writePing(codec.context(), false, 0, codec.context().newPromise());
    codec.context().flush();
    var _ = client.loop().schedule(this::probe, PROBE.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** The longest that any of its exchanges has not moved, or, without one, the connection. */
  long idleNanos(long now, long ofConnection) {
    var longest = new LongSummaryStatistics();
    forEach(stream -> longest.accept(stream.idleNanos(now)));
    return longest.getCount() == 0 ? ofConnection : longest.getMax();
  }

  /** Ends the exchanges that have not moved for so long, or, without one, the connection. */
  void idle(long now, long limit) {
    if (isDone()) {
      client.close();
    } else {
      forEach(stream -> {
        if (stream.idleNanos(now) >= limit) {
          stream.idle();
        }
      });
    }
  }

  private boolean isDone() {
    return codec.connection().numActiveStreams() == 0;
  }

  /** The connection is closed. */
  void gone() {
    if (home != null) {
      home.letGo(offer);
      home = null;
    }
  }

  /** Takes no more requests, and closes when those under way have ended. */
  void stop() {
    stopping = true;
    if (isDone()) {
      goAway();
      client.close();
    } else {
      goAway();
    }
  }

  private void goAway() {
    int last = codec.connection().remote().lastStreamCreated();
    var _ =
        codec.goAway(
            codec.context(),
            last,
            Http2Error.NO_ERROR.code(),
            Unpooled.EMPTY_BUFFER,
            codec.context().newPromise());
    codec.flush(codec.context());
  }

  /** Ends what is under way. */
  void force(Runnable busy) {
    if (!isDone()) {
      busy.run();
    }
    forEach(stream -> stream.abort(FailureKind.STOPPING, "the proxy stopped"));
  }

  /** Whether the client will send nothing more. */
  boolean inputEnded() {
    return inputEnded;
  }

  ClientConnection connection() {
    return client;
  }

  private void forEach(Consumer<Http2ClientHalf> action) {
    List<Http2ClientHalf> all = new ArrayList<>();
    try {
      codec
          .connection()
          .forEachActiveStream(stream -> {
            Http2ClientHalf each = stream.getProperty(half);
            if (each != null) {
              all.add(each);
            }
            return true;
          });
    } catch (Http2Exception e) {
      codec.onError(codec.context(), true, e);
    }
    all.forEach(action);
  }

  private @Nullable Http2ClientHalf halfOf(int id) {
    Http2Stream stream = codec.connection().stream(id);
    return stream == null ? null : stream.getProperty(half);
  }

  private void request(Http2Stream stream, Http2Headers headers, boolean end) {
    var body = new Http2Body(codec, stream);
    switch (Http2Heads.request(headers, context.plan().limits().headerCount())) {
      case Http2Heads.Read.Wrong<Http2Heads.Request>(var why) -> {
        client.report(ErrorResponse.malformed(why), OptionalLong.empty());
        body.reset(Http2Error.PROTOCOL_ERROR.code());
      }
      case Http2Heads.Read.Whole<Http2Heads.Request>(var request) ->
          request(stream, body, request, end);
    }
  }

  private void request(
      Http2Stream stream, Http2Body body, Http2Heads.Request request, boolean end) {
    RequestHead head = request.head();
    var to = new Http2ClientHalf(this, codec, body, head);
    boolean extended = Headers.first(head.headers(), Http2Heads.PROTOCOL).isPresent();
    if (extended ? home == null || !home.takesExtendedConnect() : head.method().equals("CONNECT")) {
      to.refuse(ErrorResponse.noTunnel());
      return;
    }
    UpstreamKey key;
    DialFailure failure;
    Optional<String> ours = Optional.empty();
    if (origin != null) {
      key = origin.key();
      failure = origin.failure();
      ours = origin.host();
    } else {
      if (client.credentials().filter(asked -> !asked.isIn(head.headers())).isPresent()) {
        to.refuse(ErrorResponse.proxyAuth("none were sent, or wrong ones"));
        return;
      }
      client.admitted();
      UpstreamKey asked = whereItSays(request);
      if (asked == null) {
        to.refuse(ErrorResponse.notAnOrigin());
        return;
      }
      var here = context.reverseAt(asked.target().host(), asked.target().port());
      if (here.isPresent() && !asked.target().isTls()) {
        boolean tls = here.get().rule().target().isTls();
        var offer = tls ? UpstreamKey.Offer.HTTP_2 : UpstreamKey.Offer.HTTP_1;
        asked = here.get().key(context.plan().upstreamProxies(), offer);
        ours = Optional.of(asked.target().authority());
      } else if (context.dialer().isSelf(asked.target().host(), asked.target().port())) {
        to.refuse(ErrorResponse.loop());
        return;
      }
      key = asked;
      failure = null;
    }
    stream.setProperty(half, to);
    Framing framing = Framing.ofStream(end);
    String url = key.target().url(head.target());
    RequestHead forwarded =
        Forwarding.request(
            head,
            key.absoluteForm() ? url : head.target(),
            Optional.of(
                ours.orElse(
                    request.authority().isEmpty()
                        ? key.target().authority()
                        : request.authority())),
            key.proxyAuthorization());
    var toSend =
        new RequestHead(
            forwarded.method(), forwarded.target(), head.version(), forwarded.headers());
    var recorder = client.begin(head, url, key.target().host());
    if (failure != null) {
      recorder.failed(failure.kind(), failure.text());
      to.answer(failure.answer(), end);
      return;
    }
    to.start(new Exchange(context, to, recorder, head, toSend, framing, key));
  }

  /** For a client that knows the proxy as such: the scheme and the authority say where to. */
  private @Nullable UpstreamKey whereItSays(Http2Heads.Request request) {
    String scheme = request.scheme();
    if (!(scheme.equals("http") || scheme.equals("https"))
        || !(Authority.ofWire(request.authority(), Target.defaultPort(scheme))
            instanceof Authority.Parsed(var host, var port))) {
      return null;
    }
    var target = new Target(scheme, host, port);
    return new UpstreamKey(
        target,
        host,
        context.plan().upstreamProxies().decide(scheme, host, port),
        target.isTls(),
        target.isTls() ? UpstreamKey.Offer.HTTP_2 : UpstreamKey.Offer.HTTP_1);
  }

  /** Frames of the client. */
  private final class FromClient extends Http2Codec.Frames {
    @Override
    void headers(int id, Http2Headers headers, boolean end) throws Http2Exception {
      client.touch();
      Http2Stream stream = codec.connection().stream(id);
      if (stream == null) {
        return;
      }
      Http2ClientHalf known = stream.getProperty(half);
      if (known == null) {
        request(stream, headers, end);
        return;
      }
      touched.add(known);
      switch (Http2Heads.trailers(headers, context.plan().limits().headerCount())) {
        case Http2Heads.Read.Wrong<List<Header>>(var why) ->
            throw Http2Exception.streamError(
                id, Http2Error.PROTOCOL_ERROR, "its trailers: %s", why);
        case Http2Heads.Read.Whole<List<Header>>(var trailers) -> known.ended(trailers);
      }
    }

    @Override
    public int onDataRead(
        ChannelHandlerContext ctx, int id, ByteBuf data, int padding, boolean end) {
      client.touch();
      Http2ClientHalf to = halfOf(id);
      if (to == null) {
        return data.readableBytes() + padding;
      }
      touched.add(to);
      to.data(data.retain(), end);
      return padding;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int id, long code) {
      Http2ClientHalf to = halfOf(id);
      if (to != null) {
        to.reset(code);
      }
    }
  }

  /** What becomes of streams. */
  private final class Streams extends Http2ConnectionAdapter {
    @Override
    public void onStreamClosed(Http2Stream stream) {
      Http2ClientHalf to = stream.getProperty(half);
      if (to != null) {
        to.closed();
      }
    }

    @Override
    public void onStreamRemoved(Http2Stream stream) {
      if ((stopping || inputEnded) && isDone()) {
        client.close();
      }
    }
  }

  /** A stream can be written again. */
  private final class Writability implements Http2RemoteFlowController.Listener {
    @Override
    public void writabilityChanged(Http2Stream stream) {
      Http2ClientHalf to = stream.getProperty(half);
      if (to != null && codec.encoder().flowController().isWritable(stream)) {
        to.writable();
      }
    }
  }

  /** What breaks the protocol. */
  private final class Broken implements Http2Codec.Faults {
    @Override
    public void connectionFault(Http2Exception why) {
      client.report(refusal(why), OptionalLong.empty());
    }

    @Override
    public void streamFault(int stream, Http2Exception why) {
      Http2ClientHalf to = halfOf(stream);
      if (to == null) {
        client.report(refusal(why), OptionalLong.empty());
      } else {
        to.fault(String.valueOf(why.getMessage()));
      }
    }

    private static ErrorResponse refusal(Http2Exception why) {
      String text = String.valueOf(why.getMessage());
      boolean tooMuch =
          why.error() == Http2Error.ENHANCE_YOUR_CALM
              || why instanceof Http2Exception.HeaderListSizeException
              || text.contains("Header size exceeded");
      return tooMuch ? ErrorResponse.tooLarge(text) : ErrorResponse.malformed(text);
    }
  }
}
