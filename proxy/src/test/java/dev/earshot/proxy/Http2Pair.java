package dev.earshot.proxy;

import dev.earshot.exchange.TrafficEvent;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.function.UnaryOperator;

/** A client and an origin that speak HTTP/2 frame by frame, with a proxy between them. */
record Http2Pair(RunningProxy proxy, ServerSocket listener, Http2Peer client, Http2Peer origin)
    implements AutoCloseable {
  /** A tunnel that begins with the preface, and both sides' settings (pairs of id, value). */
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

  static Http2Pair open(int[] ofClient, int... ofOrigin) throws Exception {
    return open(UnaryOperator.identity(), ofClient, ofOrigin);
  }

  static Http2Pair open() throws Exception {
    return open(new int[0]);
  }

  TrafficEvent.ExchangeFailed failed() {
    return proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
  }

  TrafficEvent.ExchangeFinished finished() {
    return proxy.traffic().await(TrafficEvent.ExchangeFinished.class);
  }

  @Override
  public void close() throws IOException {
    client.close();
    origin.close();
    listener.close();
    proxy.close();
  }
}
