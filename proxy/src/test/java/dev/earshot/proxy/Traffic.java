package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Keeps every event, waits for one, and checks that every start has exactly one end. Keeps bodies
 * where a test wants them.
 */
final class Traffic implements TrafficSink {
  private final List<TrafficEvent> seen = new CopyOnWriteArrayList<>();

  private final Map<String, ByteArrayOutputStream> bodies = new ConcurrentHashMap<>();
  private volatile long bodyLimit;
  private volatile long roomForBodies = Long.MAX_VALUE;
  private volatile boolean congested;

  /** From the next exchange on, so much of each body is kept. */
  void keepBodies(long most) {
    bodyLimit = most;
  }

  /** A body is declined once so much of it is kept. */
  void declineBodiesAfter(long bytes) {
    roomForBodies = bytes;
  }

  void congested(boolean now) {
    congested = now;
  }

  String body(long exchange, Direction direction) {
    var kept = bodies.get(exchange + "" + direction);
    return kept == null ? "" : kept.toString(ISO_8859_1);
  }

  @Override
  public boolean body(long exchange, Direction direction, ByteBuffer content) {
    var kept = bodies.computeIfAbsent(exchange + "" + direction, _ -> new ByteArrayOutputStream());
    if (kept.size() >= roomForBodies) {
      return false;
    }
    byte[] bytes = new byte[content.remaining()];
    content.get(bytes);
    kept.writeBytes(bytes);
    return true;
  }

  @Override
  public long bodyLimit() {
    return bodyLimit;
  }

  @Override
  public boolean isCongested() {
    return congested;
  }

  @Override
  public void accept(TrafficEvent event) {
    seen.add(event);
  }

  <E extends TrafficEvent> List<E> all(Class<E> type) {
    return seen.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** Waits until there are this many of a type, and returns the last of them. */
  <E extends TrafficEvent> E await(Class<E> type, int count) {
    Eventually.until(
        () -> count + " " + type.getSimpleName() + " in " + seen, () -> all(type).size() >= count);
    return all(type).get(count - 1);
  }

  <E extends TrafficEvent> E await(Class<E> type) {
    return await(type, 1);
  }

  void checkEnds() {
    for (TrafficEvent event : seen) {
      if (event instanceof TrafficEvent.ExchangeStarted started) {
        assertThat(seen)
            .filteredOn(end ->
                (end instanceof TrafficEvent.ExchangeFinished finished
                        && finished.id() == started.id())
                    || (end instanceof TrafficEvent.ExchangeFailed failed
                        && failed.id() == started.id()))
            .as("the ends of %s in %s", started, seen)
            .hasSize(1);
      } else if (event instanceof TrafficEvent.TunnelOpened opened) {
        assertThat(all(TrafficEvent.TunnelClosed.class))
            .filteredOn(closed -> closed.id() == opened.id())
            .as("the ends of %s in %s", opened, seen)
            .hasSize(1);
      }
    }
  }

  @Override
  public String toString() {
    return seen.toString();
  }
}
