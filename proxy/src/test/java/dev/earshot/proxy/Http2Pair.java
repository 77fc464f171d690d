package dev.earshot.proxy;

import dev.earshot.exchange.TrafficEvent;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.function.UnaryOperator;

/**
 * A client and an origin of HTTP/2 with a proxy between them, frame by frame, in a tunnel that
 * begins with its preface. Streams of the proxy's own connections begin with 3: the first is left
 * to upgrades.
 */
record Http2Pair(RunningProxy proxy, ServerSocket listener, Http2Peer client, Http2Peer origin)
    implements AutoCloseable {
  static Http2Pair open() throws Exception {
    return open(new int[0]);
  }

  /** With settings that the two begin with. */
  static Http2Pair open(int[] ofClient, int... ofOrigin) throws Exception {
    return open(UnaryOperator.identity(), ofClient, ofOrigin);
  }

  /** With another plan. */
  static Http2Pair open(UnaryOperator<ProxyPlan> change, int[] ofClient, int... ofOrigin)
      throws Exception {
    var proxy = RunningProxy.start(change);
    var listener = Http2Peer.listener();
    String authority = "127.0.0.1:" + listener.getLocalPort();
    var client = Http2Peer.through(proxy.controller().address(), authority, ofClient);
    var origin = Http2Peer.server(listener, ofOrigin);
    // The window that the proxy allows counts from now on.
    client.await(Http2Peer.SETTINGS);
    return new Http2Pair(proxy, listener, client, origin);
  }

  /** The client asks for {@code /} on its first stream, and the origin has read that. */
  void ask() throws IOException {
    client.get(1, "/");
    var _ = origin.await(Http2Peer.HEADERS);
  }

  TrafficEvent.ExchangeFailed failed() {
    return proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
  }

  TrafficEvent.ExchangeFinished finished() {
    return proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
  }

  TrafficEvent.ConnectionRefused refused() {
    return proxy.traffic().await(TrafficEvent.ConnectionRefused.class);
  }

  @Override
  public void close() throws IOException {
    client.close();
    origin.close();
    listener.close();
    proxy.close();
  }
}
