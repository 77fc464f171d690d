package dev.earshot.proxy;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;

/**
 * Headers that stay in wire order. The codec writes the length that it has checked back, which
 * would move it to the end.
 */
final class OrderedHttp2Headers extends DefaultHttp2Headers {
  private OrderedHttp2Headers() {
    super(true);
  }

  /** A decoder of such headers, as strict as the codec's own. */
  static DefaultHttp2HeadersDecoder decoder(long maxHeaderListSize) {
    return new DefaultHttp2HeadersDecoder(true, maxHeaderListSize) {
      @Override
      protected Http2Headers newHeaders() {
        return new OrderedHttp2Headers();
      }
    };
  }

  @Override
  public Http2Headers setLong(CharSequence name, long value) {
    return contains(name, String.valueOf(value)) && getAll(name).size() == 1
        ? this
        : super.setLong(name, value);
  }
}
