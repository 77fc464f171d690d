package dev.earshot.session;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.TrafficEvent;
import java.util.List;

/** About how many bytes an event takes while it waits in a queue. */
public final class EventWeight {
  private static final long FIXED = 256;
  private static final long PER_HEADER = 96;

  private EventWeight() {}

  /** Its weight in bytes. */
  public static long of(SessionEvent event) {
    return switch (event) {
      case SessionEvent.Traffic(_, var traffic) -> FIXED + of(traffic);
      case SessionEvent.Bypassed(_, var bypass) -> FIXED + bypass.hint().length();
      default -> FIXED;
    };
  }

  private static long of(TrafficEvent event) {
    return switch (event) {
      case TrafficEvent.ExchangeStarted started ->
          started.url().length() + headers(started.request().headers());
      case TrafficEvent.ResponseStarted response -> headers(response.response().headers());
      case TrafficEvent.ExchangeFinished finished -> headers(finished.trailers());
      case TrafficEvent.MessagePassed(_, var message) ->
          message.text().map(String::length).orElse(0);
      case TrafficEvent.ExchangeFailed failed -> failed.detail().length();
      case TrafficEvent.ConnectionRefused refused -> refused.detail().length();
      case TrafficEvent.TunnelOpened opened -> opened.host().length();
      case TrafficEvent.TunnelClosed _ -> 0;
      case TrafficEvent.TunnelFailed failed -> failed.detail().length();
      case TrafficEvent.Warning warning -> warning.text().length();
    };
  }

  private static long headers(List<Header> headers) {
    long bytes = 0;
    for (Header header : headers) {
      bytes += PER_HEADER + header.name().length() + header.value().length();
    }
    return bytes;
  }
}
