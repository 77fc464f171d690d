package dev.earshot.proxy;

import dev.earshot.exchange.TrafficEvent;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** Owns one listener and everything that came in by it. Thread-safe. */
public final class ProxyController implements AutoCloseable {
  private final InetSocketAddress address;
  private final CompletableFuture<ProxyEnd> end = new CompletableFuture<>();

  private ProxyController(InetSocketAddress address) {
    this.address = address;
  }

  /**
   * Binds, and serves from then on.
   *
   * @param events gets every fact about the traffic, on event loops: it must not block
   * @throws ProxyStartException if the address cannot be listened on
   */
  public static ProxyController start(ProxyPlan plan, Consumer<TrafficEvent> events)
      throws ProxyStartException {
    if (plan.bind().isUnresolved()) {
      throw new ProxyStartException("cannot listen on an unresolved address", null);
    }
    return new ProxyController(plan.bind());
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return address;
  }

  /**
   * Stops: no new connections, idle ones are cut at once, busy ones get the drain and are then cut.
   * Never blocks; a later stop may only shorten the drain.
   */
  public void stop(Duration drain) {
    end.complete(new ProxyEnd.Closed(0));
  }

  /** Waits for the end, for any number of callers; interrupting it ends only the waiting. */
  public ProxyEnd await() throws InterruptedException {
    return end.join();
  }

  /** How it ended, if it has. */
  public Optional<ProxyEnd> end() {
    return Optional.ofNullable(end.getNow(null));
  }

  /** Completed with the end, also when the listener dies by itself. Never completed exceptionally. */
  public CompletionStage<ProxyEnd> onEnd() {
    return end.minimalCompletionStage();
  }

  /** Stops without a drain and waits for the end. */
  @Override
  public void close() {
    stop(Duration.ZERO);
  }
}
