package dev.earshot.proxy;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DecoratingHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LifecycleManager;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection whose peer has us answer without end: acknowledgements that it does not read
 * (RFC 9113 section 10.5), and streams that it makes us reset (CVE-2025-8671).
 */
final class Http2FloodLimit extends DecoratingHttp2ConnectionEncoder {
  private static final int MOST_UNREAD = 10_000;
  private static final int MOST_RESETS = 1_000;
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);

  private @Nullable Http2LifecycleManager lifecycle;
  private int unread;
  private int resets;
  private long windowStart = System.nanoTime();
  private boolean ended;

  Http2FloodLimit(Http2ConnectionEncoder encoder) {
    super(encoder);
  }

  @Override
  public void lifecycleManager(Http2LifecycleManager manager) {
    lifecycle = manager;
    super.lifecycleManager(manager);
  }

  @Override
  public ChannelFuture writeSettingsAck(ChannelHandlerContext ctx, ChannelPromise promise) {
    return super.writeSettingsAck(ctx, counted(ctx, promise));
  }

  @Override
  public ChannelFuture writePing(
      ChannelHandlerContext ctx, boolean ack, long data, ChannelPromise promise) {
    return super.writePing(ctx, ack, data, ack ? counted(ctx, promise) : promise);
  }

  @Override
  public ChannelFuture writeRstStream(
      ChannelHandlerContext ctx, int stream, long code, ChannelPromise promise) {
    // What the other side of the proxy gave up is no fault of this one's.
    if (code != Http2Error.CANCEL.code() && code != Http2Error.NO_ERROR.code()) {
      long now = System.nanoTime();
      if (now - windowStart >= WINDOW_NANOS) {
        windowStart = now;
        resets = 0;
      }
      if (++resets > MOST_RESETS) {
        end(ctx, "more than %d streams had to be reset".formatted(MOST_RESETS));
      }
    }
    return super.writeRstStream(ctx, stream, code, counted(ctx, promise));
  }

  private ChannelPromise counted(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (unread == MOST_UNREAD) {
      ctx.flush();
    }
    if (++unread > MOST_UNREAD) {
      end(ctx, "more than %d answers were not read".formatted(MOST_UNREAD));
    }
    return promise.unvoid().addListener(written -> unread--);
  }

  private void end(ChannelHandlerContext ctx, String why) {
    if (!ended && lifecycle != null) {
      ended = true;
      lifecycle.onError(
          ctx, false, Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "%s", why));
      var _ = ctx.close();
    }
  }
}
