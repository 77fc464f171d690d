package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One request on a stream of a connection of HTTP/2. */
final class Http2UpstreamHalf implements UpstreamHalf {
  private final Http2Upstream upstream;
  private @Nullable Events listener;
  private @Nullable Http2Body stream;
  private String method = "";
  private @Nullable ChannelFuture lastWrite;
  private boolean headRead;
  private boolean bodiless;

  /**
   * Bytes of the body that its head has announced and that have not come; negative if it has not.
   */
  private long announced = -1;

  private boolean responseEnded;
  private boolean anyByte;
  private boolean over;

  Http2UpstreamHalf(Http2Upstream upstream) {
    this.upstream = upstream;
  }

  @Override
  public Upstream connection() {
    return upstream.connection();
  }

  @Override
  public boolean isHttp1() {
    return false;
  }

  @Override
  public void send(Events to, RequestHead head, Framing framing, boolean wholeFrames) {
    listener = to;
    method = head.method();
    Target target = upstream.connection().key().target();
    Http2Headers headers = Http2Heads.request(head, target.scheme(), target.authority());
    stream = upstream.send(this, headers, framing.isEmpty());
    upstream.connection().markUsed();
    if (stream == null) {
      lost(new Loss.Refused());
    }
  }

  @Override
  public void body(ByteBuf bytes) {
    if (stream == null || over) {
      bytes.release();
    } else {
      stream.part(bytes);
    }
  }

  @Override
  public void end(List<Header> trailers) {
    if (stream != null && !over) {
      lastWrite = stream.end(trailers);
      stream.flush();
    }
  }

  @Override
  public void flush() {
    if (stream != null) {
      stream.flush();
    }
  }

  @Override
  public boolean isWritable() {
    return stream != null && stream.isWritable();
  }

  @Override
  public void read() {
    if (stream != null) {
      stream.consume();
    }
  }

  @Override
  public void wholeFrames() {
    throw new IllegalStateException("HTTP/2 has no chunks");
  }

  @Override
  public void release(boolean wholeRequest) {
    over = true;
    boolean waits = lastWrite != null && !lastWrite.isDone();
    if (stream != null && (!wholeRequest || waits)) {
      stream.reset(Http2Error.CANCEL.code());
    }
  }

  @Override
  public void abandon(long code) {
    over = true;
    if (stream != null) {
      stream.reset(code);
    }
  }

  // What the upstream sends.

  void headers(Http2Headers headers, boolean end) {
    anyByte = true;
    Events to = listener;
    if (to == null || over) {
      return;
    }
    if (headRead) {
      switch (upstream.trailers(headers)) {
        case Http2Heads.Read.Wrong<List<Header>>(var why) ->
            lost(new Loss.Malformed("its trailers: " + why));
        case Http2Heads.Read.Whole<List<Header>>(var trailers) -> ended(trailers);
      }
      return;
    }
    switch (upstream.response(headers)) {
      case Http2Heads.Read.Wrong<ResponseHead>(var why) -> lost(new Loss.Malformed(why));
      case Http2Heads.Read.Whole<ResponseHead>(var head) -> {
        if (head.status() == 101) {
          lost(new Loss.Malformed("status 101, which HTTP/2 does not have"));
        } else if (head.status() < 200 && end) {
          lost(new Loss.Malformed("an end after status " + head.status()));
        } else if (head.status() < 200) {
          to.informational(head);
          to.responseReadComplete();
        } else {
          headRead = true;
          bodiless = method.equals("HEAD") || head.status() == 204 || head.status() == 304;
          announced = bodiless ? -1 : Http2Heads.contentLength(head.headers());
          if (end && announced > 0) {
            lost(new Loss.Malformed("a body shorter than its Content-Length"));
            return;
          }
          to.response(head, bodiless ? new Framing.None() : Framing.ofStream(end));
          if (end) {
            ended(List.of());
          } else if (bodiless || announced == 0) {
            to.contentComplete();
          }
        }
      }
    }
  }

  void data(ByteBuf bytes, boolean end) {
    anyByte = true;
    Events to = listener;
    if (to == null || over || stream == null) {
      bytes.release();
      return;
    }
    if (!headRead) {
      bytes.release();
      lost(new Loss.Malformed("a body before its head"));
      return;
    }
    int length = bytes.readableBytes();
    stream.came(length);
    if (length > 0 && bodiless) {
      bytes.release();
      lost(new Loss.Malformed("a body where there can be none"));
      return;
    }
    announced = announced < 0 ? announced : announced - Math.min(announced, length);
    if (length > 0) {
      to.responseBody(bytes, length);
    } else {
      bytes.release();
    }
    if (end) {
      ended(List.of());
    } else if (length > 0 && announced == 0) {
      to.contentComplete();
    }
  }

  void readComplete() {
    if (listener != null && !over) {
      listener.responseReadComplete();
    }
  }

  void writable() {
    if (stream != null) {
      stream.writable();
    }
    if (listener != null && !over) {
      listener.requestWritable();
    }
  }

  void lost(Loss why) {
    if (listener != null && !over) {
      listener.lost(why);
    }
  }

  /** The stream is closed, whatever came before. */
  void closed(boolean refused, @Nullable Throwable cause, @Nullable String fault) {
    if (stream != null) {
      stream.closed();
    }
    if (!responseEnded) {
      lost(
          refused
              ? new Loss.Refused()
              : fault != null ? new Loss.Malformed(fault) : new Loss.Closed(cause, anyByte));
    }
  }

  private void ended(List<Header> trailers) {
    if (announced > 0) {
      // A reader of HTTP/1 would take the next response for the rest of this one.
      lost(new Loss.Malformed("a body shorter than its Content-Length"));
    } else if (!responseEnded && listener != null) {
      responseEnded = true;
      listener.responseEnded(trailers);
    }
  }
}
