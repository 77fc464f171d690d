package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to an upstream that speaks HTTP/2. It is shared by exchanges, each on a stream of
 * its own, and serves until its upstream closes it or nobody has used it for a while. On one event
 * loop.
 */
final class Http2Upstream implements Side.Events {
  private final Upstream connection;
  private final ProxyLimits limits;
  private final Consumer<Http2Upstream> whenGone;
  private final Http2Codec codec;
  private final Http2Connection.PropertyKey half;
  private boolean gone;
  private @Nullable Throwable cause;
  private @Nullable String fault;
  private boolean goingAway;
  private int lastKnown = Integer.MAX_VALUE;
  private Set<Http2UpstreamHalf> touched = new LinkedHashSet<>();
  private final List<Consumer<Http2Settings>> holders = new ArrayList<>();
  private @Nullable Http2Settings settings;

  /**
   * Takes a connection over; nothing is sent before {@link #start}.
   *
   * @param whenGone called once, when no more streams can be opened
   */
  Http2Upstream(
      Upstream connection,
      ProxyLimits limits,
      Http2Windows windows,
      Consumer<Http2Upstream> whenGone) {
    this.connection = connection;
    this.limits = limits;
    this.whenGone = whenGone;
    codec = Http2Codec.ofUpstream(limits, windows, new FromUpstream(), new Broken());
    half = codec.connection().newKey();
    codec.connection().addListener(new Streams());
    codec.encoder().flowController().listener(new Writability());
  }

  /** Begins with the preface. */
  void start() {
    Side side = connection.side();
    side.listen(this);
    side.insert(codec);
    side.read();
  }

  Upstream connection() {
    return connection;
  }

  /** Whether another stream can be opened now. */
  boolean hasRoom() {
    return !gone
        && !goingAway
        && codec.connection().local().canOpenStream()
        && codec.connection().numActiveStreams() < limits.streams();
  }

  /** Streams under way. */
  int streams() {
    return codec.connection().numActiveStreams();
  }

  /**
   * Somebody may want a stream at any time, and is told of the upstream's settings, now and
   * whenever they change.
   */
  void hold(Consumer<Http2Settings> holder) {
    holders.add(holder);
    if (settings != null) {
      holder.accept(settings);
    }
  }

  void letGo(Consumer<Http2Settings> holder) {
    holders.remove(holder);
  }

  /** Whether it must not be closed although it may be idle. */
  boolean isWanted() {
    return !holders.isEmpty() || streams() > 0;
  }

  /** Whether extended CONNECT may be used (RFC 8441 section 3). */
  boolean takesExtendedConnect() {
    return settings != null && Boolean.TRUE.equals(settings.connectProtocolEnabled());
  }

  /** A half for one exchange; its stream is opened when the request is sent. */
  UpstreamHalf open() {
    return new Http2UpstreamHalf(this);
  }

  /** Opens a stream with a request's head. */
  @Nullable Http2Body send(Http2UpstreamHalf to, Http2Headers head, boolean end) {
    int id = codec.connection().local().incrementAndGetNextStreamId();
    var sent =
        codec
            .encoder()
            .writeHeaders(codec.context(), id, head, 0, end, codec.context().newPromise());
    Http2Stream stream = codec.connection().stream(id);
    if (stream == null || (sent.isDone() && !sent.isSuccess())) {
      return null;
    }
    stream.setProperty(half, to);
    return new Http2Body(codec, stream);
  }

  /** Closes after what is written. */
  void close() {
    connection.side().close();
  }

  private @Nullable Http2UpstreamHalf halfOf(int id) {
    Http2Stream stream = codec.connection().stream(id);
    return stream == null ? null : stream.getProperty(half);
  }

  private void noMoreStreams() {
    whenGone.accept(this);
  }

  // The connection itself. Its bytes go to the codec.

  @Override
  public void bytes(ByteBuf bytes) {
    bytes.release();
  }

  @Override
  public void readComplete() {
    if (!touched.isEmpty()) {
      Set<Http2UpstreamHalf> now = touched;
      touched = new LinkedHashSet<>();
      now.forEach(Http2UpstreamHalf::readComplete);
    }
  }

  @Override
  public void ended() {
    noMoreStreams();
    connection.side().close();
  }

  @Override
  public void gone(@Nullable Throwable why) {
    gone = true;
    cause = why;
    noMoreStreams();
  }

  @Override
  public void writable() {}

  /** Frames of the upstream. */
  private final class FromUpstream extends Http2Codec.Frames {
    @Override
    void headers(int id, Http2Headers headers, boolean end) {
      Http2UpstreamHalf to = halfOf(id);
      if (to != null) {
        touched.add(to);
        to.headers(headers, end);
      }
    }

    @Override
    public int onDataRead(
        ChannelHandlerContext ctx, int id, ByteBuf data, int padding, boolean end) {
      Http2UpstreamHalf to = halfOf(id);
      if (to == null) {
        return data.readableBytes() + padding;
      }
      touched.add(to);
      to.data(data.retain(), end);
      return padding;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int id, long code) {
      Http2UpstreamHalf to = halfOf(id);
      if (to != null) {
        to.lost(
            code == Http2Error.REFUSED_STREAM.code()
                ? new UpstreamHalf.Loss.Refused()
                : new UpstreamHalf.Loss.Reset(code));
      }
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings update) {
      Http2Settings all = settings == null ? new Http2Settings() : settings;
      update.forEach(all::put);
      settings = all;
      List.copyOf(holders).forEach(holder -> holder.accept(all));
    }
  }

  /** What becomes of streams. */
  private final class Streams extends Http2ConnectionAdapter {
    @Override
    public void onGoAwayReceived(int last, long code, ByteBuf debug) {
      goingAway = true;
      lastKnown = last;
      noMoreStreams();
      if (codec.connection().numActiveStreams() == 0) {
        connection.side().close();
      }
    }

    @Override
    public void onStreamClosed(Http2Stream stream) {
      Http2UpstreamHalf to = stream.getProperty(half);
      if (to != null) {
        to.closed(stream.id() > lastKnown, cause, fault);
      }
      if (goingAway && codec.connection().numActiveStreams() == 0) {
        connection.side().close();
      }
    }
  }

  /** A stream can be written again. */
  private final class Writability implements Http2RemoteFlowController.Listener {
    @Override
    public void writabilityChanged(Http2Stream stream) {
      Http2UpstreamHalf to = stream.getProperty(half);
      if (to != null && codec.encoder().flowController().isWritable(stream)) {
        to.writable();
      }
    }
  }

  /** What breaks the protocol. */
  private final class Broken implements Http2Codec.Faults {
    @Override
    public void connectionFault(Http2Exception why) {
      fault = String.valueOf(why.getMessage());
      noMoreStreams();
    }

    @Override
    public void streamFault(int stream, Http2Exception why) {
      Http2UpstreamHalf to = halfOf(stream);
      if (to != null) {
        to.lost(new UpstreamHalf.Loss.Malformed(String.valueOf(why.getMessage())));
      }
    }
  }

  /** The trailers of a response. */
  Http2Heads.Read<List<Header>> trailers(Http2Headers headers) {
    return Http2Heads.trailers(headers, limits.headerCount());
  }

  /** The head of a response. */
  Http2Heads.Read<ResponseHead> response(Http2Headers headers) {
    return Http2Heads.response(headers, limits.headerCount());
  }
}
