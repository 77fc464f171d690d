package dev.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.exchange.TunnelReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** To which run the events of the traffic belong. */
class ExchangeRunsTest {
  private final ExchangeRuns runs = new ExchangeRuns();

  @Test
  void theEventsOfAnExchangeStayInItsRun() {
    assertThat(runs.of(started(1))).isEqualTo(1);
    assertThat(runs.of(started(2))).isEqualTo(1);
    runs.begin(2);
    assertThat(runs.of(started(3))).isEqualTo(2);
    assertThat(runs.of(response(1))).isEqualTo(1);
    assertThat(runs.of(passed(1))).isEqualTo(1);
    assertThat(runs.of(finished(1))).isEqualTo(1);
    assertThat(runs.of(failed(2))).isEqualTo(1);
    assertThat(runs.of(response(3))).isEqualTo(2);
  }

  @Test
  void theEventsOfATunnelStayInItsRun() {
    assertThat(runs.of(opened(9))).isEqualTo(1);
    runs.begin(7);
    assertThat(runs.of(new TrafficEvent.TunnelClosed(9, 1, 2))).isEqualTo(1);
  }

  @Test
  void whatBelongsToNoneBelongsToTheCurrentRun() {
    runs.begin(3);
    assertThat(runs.of(new TrafficEvent.TunnelFailed(1, "h", FailureKind.DNS, ""))).isEqualTo(3);
    assertThat(runs.of(new TrafficEvent.ConnectionRefused(1, "e", "", OptionalLong.empty())))
        .isEqualTo(3);
    assertThat(runs.of(new TrafficEvent.Warning("c", "t", Optional.empty()))).isEqualTo(3);
  }

  @Test
  void whatHasEndedIsForgotten() {
    runs.of(started(1));
    runs.of(started(2));
    runs.of(opened(3));
    runs.of(finished(1));
    runs.of(failed(2));
    runs.of(new TrafficEvent.TunnelClosed(3, 0, 0));
    runs.begin(2);
    assertThat(List.of(runs.of(response(1)), runs.of(response(2)), runs.of(response(3))))
        .containsOnly(2);
  }

  @Test
  void exchangesOfManyThreadsKeepTheirRunsWhileRunsBegin() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> all = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        long first = thread * 10_000L;
        all.add(threads.submit(exchanges(first)));
      }
      for (int run = 2; run < 10_000; run++) {
        runs.begin(run);
      }
      for (Future<Boolean> each : all) {
        assertThat(each.get()).isTrue();
      }
    }
  }

  /** True if each of them kept its run, and none began in a run before that of the last. */
  private Callable<Boolean> exchanges(long first) {
    return () -> {
      int last = 1;
      for (long id = first; id < first + 5_000; id++) {
        int begun = runs.of(started(id));
        if (begun < last || runs.of(response(id)) != begun || runs.of(finished(id)) != begun) {
          return false;
        }
        last = begun;
      }
      return true;
    };
  }

  private static TrafficEvent started(long id) {
    return new TrafficEvent.ExchangeStarted(
        id,
        1,
        false,
        ClientProcess.UNKNOWN,
        "http://h/",
        "h",
        new RequestHead("GET", "/", HttpVersion.HTTP_1_1, List.of()));
  }

  private static TrafficEvent response(long id) {
    return new TrafficEvent.ResponseStarted(
        id,
        new ResponseHead(HttpVersion.HTTP_1_1, 200, "OK", List.of()),
        "127.0.0.1:80",
        Duration.ZERO);
  }

  private static TrafficEvent passed(long id) {
    return new TrafficEvent.MessagePassed(
        id, new Message(Direction.UP, MessageKind.GRPC, 1, Optional.empty(), false));
  }

  private static TrafficEvent finished(long id) {
    return new TrafficEvent.ExchangeFinished(
        id,
        200,
        Duration.ZERO,
        0,
        0,
        OptionalLong.empty(),
        List.of(),
        new Timings(0, 0, 0, 0, 0, 0, 0),
        false);
  }

  private static TrafficEvent failed(long id) {
    return new TrafficEvent.ExchangeFailed(id, FailureKind.RESET, "reset", Duration.ZERO, 0, 0);
  }

  private static TrafficEvent opened(long id) {
    return new TrafficEvent.TunnelOpened(
        id, 1, ClientProcess.UNKNOWN, "h:443", TunnelReason.PASSTHROUGH);
  }
}
