package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.Eventually;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps every event, waits for one, and checks that every start has exactly one end. */
final class Traffic implements TrafficSink {
  private final List<TrafficEvent> seen = new CopyOnWriteArrayList<>();

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
