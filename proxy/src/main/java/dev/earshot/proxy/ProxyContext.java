package dev.earshot.proxy;

import dev.earshot.content.DecodeMemory;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all connections of one proxy share.
 *
 * @param events gets every fact; never throws
 * @param ids the last id of an exchange or tunnel
 * @param zstd hears of every request
 * @param windows of all connections of HTTP/2
 * @param decoding what the decoders of all exchanges may hold
 * @param reverse the listeners for one origin each
 * @param constrainedTold whether it was told that there are hosts the authority cannot sign for
 * @param rejections who refuses to be decrypted
 * @param pools idle upstream connections, by event loop
 */
record ProxyContext(
    ProxyPlan plan,
    TrafficSink events,
    AtomicLong ids,
    Dialer dialer,
    ZstdWarmUp zstd,
    Http2Windows windows,
    DecodeMemory decoding,
    List<ReverseListener> reverse,
    AtomicBoolean constrainedTold,
    ClientRejections rejections,
    Map<EventLoop, UpstreamPool> pools) {
  ProxyContext {
    reverse = List.copyOf(reverse);
    pools = Map.copyOf(pools);
  }

  long nextId() {
    return ids.incrementAndGet();
  }

  /** The listener that a host and port of this machine are, if one is; no name is looked up. */
  Optional<ReverseListener> reverseAt(String host, int port) {
    return reverse.isEmpty() || !dialer.isSelf(host, port)
        ? Optional.empty()
        : reverse.stream().filter(each -> each.address().getPort() == port).findFirst();
  }

  UpstreamPool pool(EventLoop loop) {
    UpstreamPool pool = pools.get(loop);
    if (pool == null) {
      throw new IllegalArgumentException("not an event loop of this proxy");
    }
    return pool;
  }
}
