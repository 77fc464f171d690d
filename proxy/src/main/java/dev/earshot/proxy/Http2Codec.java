package dev.earshot.proxy;

import static io.netty.handler.codec.http2.Http2HeadersEncoder.NEVER_SENSITIVE;
import static io.netty.handler.codec.http2.Http2PromisedRequestVerifier.ALWAYS_VERIFY;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import org.jspecify.annotations.Nullable;

/**
 * The framing of one connection of HTTP/2, with the proxy's limits on it (RFC 9113 section 10.5):
 * floods of frames that cost the sender nothing end the connection with ENHANCE_YOUR_CALM.
 *
 * <p>Flow control goes end to end: what the other side of the proxy has not taken yet counts
 * against the windows of its stream and of the connection. The latter is many times the former, so
 * that a slow reader of one stream holds up no other, and is what one connection can have us keep
 * in memory.
 */
final class Http2Codec extends Http2ConnectionHandler {
  /** Who is told of what ends a connection, or a stream before its head was read. */
  interface Faults {
    /** The peer broke the protocol; the connection is closed. */
    void connectionFault(Http2Exception fault);

    /** The peer broke the protocol on one stream, which is reset. */
    void streamFault(int stream, Http2Exception fault);
  }

  private static final int MOST_SMALL_CONTINUATIONS = 16;
  private static final int MOST_EMPTY_DATA = 100;
  private static final int RESETS = 1_000;
  private static final int RESETS_SECONDS = 10;

  private final Faults faults;
  private final Http2Windows windows;
  private final Http2Windows.Share share;
  private @Nullable ChannelHandlerContext context;

  private Http2Codec(
      Http2ConnectionDecoder decoder,
      Http2ConnectionEncoder encoder,
      Http2Settings settings,
      Faults faults,
      Http2Windows windows,
      Http2Windows.Share share) {
    // The lifetime of a connection is the proxy's to decide.
    super(decoder, encoder, settings, true);
    this.faults = faults;
    this.windows = windows;
    this.share = share;
  }

  /** For the connection of a client. */
  static Http2Codec ofClient(
      ProxyLimits limits, Http2Windows windows, Http2FrameAdapter listener, Faults faults) {
    var settings = settings(limits).maxConcurrentStreams(limits.streams());
    return new Builder(true, settings, listener, faults, windows).build();
  }

  /** For a connection to an upstream, which may push nothing. */
  static Http2Codec ofUpstream(
      ProxyLimits limits, Http2Windows windows, Http2FrameAdapter listener, Faults faults) {
    var settings = settings(limits).pushEnabled(false);
    return new Builder(false, settings, listener, faults, windows).build();
  }

  private static Http2Settings settings(ProxyLimits limits) {
    return new Http2Settings().maxHeaderListSize(limits.headBytes());
  }

  /** The context to write frames with. */
  ChannelHandlerContext context() {
    if (context == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return context;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
    context = ctx;
    ctx.channel().closeFuture().addListener(closed -> windows.give(share));
    super.handlerAdded(ctx);
    connection()
        .local()
        .flowController()
        .incrementWindowSize(
            connection().connectionStream(), share.connection() - Http2Windows.LEAST);
    ctx.flush();
  }

  @Override
  protected void onConnectionError(
      ChannelHandlerContext ctx,
      boolean outbound,
      Throwable cause,
      @Nullable Http2Exception fault) {
    if (!outbound) {
      faults.connectionFault(
          fault != null
              ? fault
              : new Http2Exception(Http2Error.INTERNAL_ERROR, String.valueOf(cause.getMessage())));
    }
    super.onConnectionError(ctx, outbound, cause, fault);
  }

  @Override
  protected void onStreamError(
      ChannelHandlerContext ctx,
      boolean outbound,
      Throwable cause,
      Http2Exception.StreamException fault) {
    if (fault.error() == Http2Error.STREAM_CLOSED
        && connection().stream(fault.streamId()) == null) {
      // RFC 9113 section 5.1: what was sent before a reset of ours arrived is to be ignored.
      return;
    }
    if (!outbound) {
      faults.streamFault(fault.streamId(), fault);
    }
    super.onStreamError(ctx, outbound, cause, fault);
  }

  /** Gets both kinds of HEADERS as one. */
  abstract static class Frames extends Http2FrameAdapter {
    abstract void headers(int stream, Http2Headers headers, boolean end) throws Http2Exception;

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx, int stream, Http2Headers headers, int padding, boolean end)
        throws Http2Exception {
      headers(stream, headers, end);
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int stream,
        Http2Headers headers,
        int dependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean end)
        throws Http2Exception {
      headers(stream, headers, end);
    }
  }

  private static final class Builder
      extends AbstractHttp2ConnectionHandlerBuilder<Http2Codec, Builder> {
    private final Faults faults;
    private final Http2Windows windows;
    private final Http2Windows.Share share;

    Builder(
        boolean server,
        Http2Settings settings,
        Http2FrameAdapter listener,
        Faults faults,
        Http2Windows windows) {
      this.faults = faults;
      this.windows = windows;
      share = windows.take();
      Long headerBytes = settings.maxHeaderListSize();
      var connection = new DefaultHttp2Connection(server);
      var encoder =
          new Http2FloodLimit(
              new DefaultHttp2ConnectionEncoder(
                  connection, new DefaultHttp2FrameWriter(NEVER_SENSITIVE, true)));
      var reader =
          new DefaultHttp2FrameReader(
              OrderedHttp2Headers.decoder(headerBytes), MOST_SMALL_CONTINUATIONS);
      decoderEnforceMaxConsecutiveEmptyDataFrames(MOST_EMPTY_DATA);
      if (server) {
        // An upstream can only reset what was asked of it. Before the codec, after which the
        // builder takes this no longer.
        decoderEnforceMaxRstFramesPerWindow(RESETS, RESETS_SECONDS);
      }
      codec(
          new DefaultHttp2ConnectionDecoder(
              connection, encoder, reader, ALWAYS_VERIFY, true, true, true, true),
          encoder);
      initialSettings(settings.initialWindowSize(share.stream()));
      frameListener(listener);
    }

    @Override
    protected Http2Codec build() {
      return super.build();
    }

    @Override
    protected Http2Codec build(
        Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
      return new Http2Codec(decoder, encoder, settings, faults, windows, share);
    }
  }
}
