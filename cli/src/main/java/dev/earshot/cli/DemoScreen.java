package dev.earshot.cli;

import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.session.SessionEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the demo prints: a line for each exchange, when it ends. */
final class DemoScreen {
  private final Redaction redaction = Redaction.CREDENTIALS;
  private final Map<Long, TrafficEvent.ExchangeStarted> open = new HashMap<>();

  /** The lines that an event asks for, safe for a terminal. */
  List<String> lines(SessionEvent event) {
    return event instanceof SessionEvent.Traffic(_, var traffic) ? lines(traffic) : List.of();
  }

  private List<String> lines(TrafficEvent event) {
    return switch (event) {
      case TrafficEvent.ExchangeStarted started -> {
        open.put(started.id(), started);
        yield List.of();
      }
      case TrafficEvent.ExchangeFinished end ->
          List.of(
              row(
                  end.id(),
                  String.valueOf(end.status()),
                  end.responseBytes() + " B",
                  String.format(Locale.ROOT, "%.0f ms", end.duration().toNanos() / 1e6)));
      case TrafficEvent.ExchangeFailed(var id, var error, var detail, _, _, _) ->
          List.of(row(id, error.wireName(), "", redaction.text(detail)));
      case TrafficEvent.Warning(_, var text, _) -> List.of("  " + Printable.line(text));
      case TrafficEvent.ResponseStarted _,
          TrafficEvent.MessagePassed _,
          TrafficEvent.ConnectionRefused _,
          TrafficEvent.TunnelOpened _,
          TrafficEvent.TunnelClosed _,
          TrafficEvent.TunnelFailed _ ->
          List.of();
    };
  }

  private String row(long id, String status, String size, String time) {
    TrafficEvent.ExchangeStarted started = open.remove(id);
    String method = started == null ? "?" : started.request().method();
    String url = started == null ? "?" : redaction.url(started.url());
    return Printable.line(
        String.format(Locale.ROOT, "  %-5s %-58s %4s %8s %8s", method, url, status, size, time));
  }
}
