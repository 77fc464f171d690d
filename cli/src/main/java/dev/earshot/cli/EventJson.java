package dev.earshot.cli;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Header;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.Timings;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.Signal;
import dev.earshot.process.Survivor;
import dev.earshot.proxy.ReverseListener;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import dev.earshot.session.StopCause;
import dev.earshot.store.TerminalEscapes;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Events as lines of JSON, by the schema in {@code docs/events.schema.json}. What is secret by the
 * profile is masked here, the one way from an event to a stream. Not thread-safe.
 */
final class EventJson {
  /** The version of the schema: a number that grows when a reader must change. */
  static final int SCHEMA = 1;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final JsonFactory json =
      JsonFactory.builder().characterEscapes(TerminalEscapes.JSON).build();
  private final Redaction redaction;
  private String session = "";
  private long lines;
  private long missed;

  EventJson(Redaction redaction) {
    this.redaction = redaction;
  }

  /** The event as one line, its line break included. Lines are numbered from 1. */
  String line(Stamped stamped) {
    if (stamped.event() instanceof SessionEvent.Starting starting) {
      session = starting.id();
    }
    var text = new StringWriter(512);
    try (JsonGenerator out = json.createGenerator(ObjectWriteContext.empty(), text)) {
      out.writeStartObject();
      out.writeNumberProperty("seq", ++lines);
      out.writeStringProperty("time", TIME.format(stamped.at()));
      out.writeStringProperty("session", session);
      write(out, stamped.event());
      out.writeEndObject();
    }
    return text.append('\n').toString();
  }

  private void write(JsonGenerator out, SessionEvent event) {
    switch (event) {
      case SessionEvent.Starting(_, var version, var command, var directory) -> {
        out.writeStringProperty("type", "session.starting");
        out.writeNumberProperty("schema", SCHEMA);
        out.writeStringProperty("version", version);
        strings(out, "command", redaction.argv(command.stream().map(Launch::text).toList()));
        out.writeStringProperty("cwd", Launch.text(directory));
      }
      case SessionEvent.Started(var proxy, var ca, var containment) -> {
        out.writeStringProperty("type", "session.started");
        out.writeStringProperty("proxy", "http://" + address(proxy));
        out.writeName("ca");
        ca.ifPresentOrElse(file -> out.writeString(file.toString()), out::writeNull);
        strings(out, "containment", containment);
      }
      case SessionEvent.Restarting(var run) -> {
        out.writeStringProperty("type", "process.restarting");
        out.writeNumberProperty("run", run);
      }
      case SessionEvent.Stopping(var cause) -> {
        out.writeStringProperty("type", "session.stopping");
        cause(out, cause);
      }
      case SessionEvent.Stopped(var result) -> {
        out.writeStringProperty("type", "session.stopped");
        stopped(out, result);
      }
      case SessionEvent.ProxyStarting(var address) -> {
        out.writeStringProperty("type", "proxy.starting");
        out.writeStringProperty("address", address(address));
      }
      case SessionEvent.ProxyStarted(var address, var reverse) -> {
        out.writeStringProperty("type", "proxy.started");
        out.writeStringProperty("address", address(address));
        out.writeArrayPropertyStart("reverse");
        for (ReverseListener each : reverse) {
          out.writeStartObject();
          out.writeStringProperty("listen", address(each.address()));
          out.writeStringProperty("target", each.rule().targetUrl());
          out.writeEndObject();
        }
        out.writeEndArray();
      }
      case SessionEvent.ProxyStopped(var forced, var error) -> {
        out.writeStringProperty("type", "proxy.stopped");
        out.writeNumberProperty("forced_connections", forced);
        text(out, "error", error);
      }
      case SessionEvent.Command(var run, var process) -> process(out, run, process);
      case SessionEvent.CaptureClosed(var file, var exchanges, var givenUp, var error) -> {
        out.writeStringProperty("type", "capture.closed");
        text(out, "file", file.map(Path::toString));
        out.writeNumberProperty("exchanges", exchanges);
        out.writeNumberProperty("bodies_given_up", givenUp);
        text(out, "error", error.map(redaction::text));
      }
      case SessionEvent.Traffic(var run, var traffic) -> traffic(out, run, traffic);
      case SessionEvent.Bypassed(var run, var bypass) -> {
        out.writeStringProperty("type", "bypass");
        out.writeNumberProperty("run", run);
        out.writeNumberProperty("pid", bypass.pid());
        out.writeStringProperty("process", Launch.text(bypass.process()));
        out.writeStringProperty("remote", address(bypass.remote()));
        out.writeStringProperty("kind", bypass.kind().wireName());
        text(out, "service", bypass.service());
        out.writeStringProperty("hint", bypass.hint());
        out.writeBooleanProperty("sampled", true);
      }
      case SessionEvent.Dropped(var count) -> {
        out.writeStringProperty("type", "dropped");
        out.writeNumberProperty("count", count);
        missed += count;
      }
      case SessionEvent.Warning(var code, var said, var hint) ->
          notice(out, "warning", code, said, hint);
      case SessionEvent.Fatal(var code, var said, var hint) ->
          notice(out, "fatal", code, said, hint);
    }
  }

  private void process(JsonGenerator out, int run, ProcessEvent event) {
    switch (event) {
      case ProcessEvent.Starting(var argv) -> {
        out.writeStringProperty("type", "process.starting");
        out.writeNumberProperty("run", run);
        strings(out, "command", redaction.argv(argv.stream().map(Launch::text).toList()));
      }
      case ProcessEvent.Started(var pid, var pgid) -> {
        out.writeStringProperty("type", "process.started");
        out.writeNumberProperty("run", run);
        out.writeNumberProperty("pid", pid);
        out.writeNumberProperty("pgid", pgid);
      }
      case ProcessEvent.Signaled(var signal, var target, var why) -> {
        out.writeStringProperty("type", "process.signaled");
        out.writeNumberProperty("run", run);
        out.writeStringProperty("signal", signal.name());
        out.writeStringProperty("target", target.wireName());
        out.writeStringProperty("why", why.wireName());
      }
      case ProcessEvent.Exited(var result) -> {
        out.writeStringProperty("type", "process.exited");
        out.writeNumberProperty("run", run);
        exited(out, result);
      }
      case ProcessEvent.TreeGone(var killed, var survivors, var kept) -> {
        out.writeStringProperty("type", "process.tree_gone");
        out.writeNumberProperty("run", run);
        out.writeArrayPropertyStart("killed");
        killed.forEach(out::writeNumber);
        out.writeEndArray();
        survivors(out, "survivors", survivors);
        survivors(out, "kept", kept);
      }
    }
  }

  private static void survivors(JsonGenerator out, String name, List<Survivor> survivors) {
    out.writeArrayPropertyStart(name);
    for (Survivor each : survivors) {
      out.writeStartObject();
      out.writeNumberProperty("pid", each.pid());
      out.writeStringProperty("name", each.name());
      out.writeStringProperty("state", String.valueOf(each.state()));
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  private void exited(JsonGenerator out, ProcessResult result) {
    if (result.pid().isPresent()) {
      out.writeNumberProperty("pid", result.pid().getAsLong());
    }
    out.writeStringProperty("reason", result.reason().wireName());
    if (result.exitCode().isPresent()) {
      out.writeNumberProperty("exit_code", result.exitCode().getAsInt());
    }
    if (result.signal().isPresent()) {
      out.writeStringProperty("signal", Signal.nameOf(result.signal().getAsInt()));
    }
    out.writeBooleanProperty("core_dumped", result.coreDumped());
    out.writeBooleanProperty("requested", result.requested());
    millis(out, "duration_ms", result.duration());
    millis(out, "user_ms", result.userTime());
    millis(out, "system_ms", result.systemTime());
    out.writeName("max_rss_kib");
    result.maxRssKib().ifPresentOrElse(out::writeNumber, out::writeNull);
    result
        .startFailure()
        .ifPresent(failure -> {
          out.writeStringProperty("stage", failure.stage().wireName());
          out.writeStringProperty("errno", failure.errnoName());
          out.writeStringProperty("hint", redaction.text(Launch.text(failure.hint())));
        });
    text(out, "error", result.error().map(Launch::text).map(redaction::text));
  }

  private void traffic(JsonGenerator out, int run, TrafficEvent event) {
    switch (event) {
      case TrafficEvent.ExchangeStarted started -> {
        out.writeStringProperty("type", "exchange.started");
        out.writeNumberProperty("id", started.id());
        out.writeNumberProperty("run", run);
        out.writeStringProperty("method", started.request().method());
        out.writeStringProperty("url", redaction.url(started.url()));
        out.writeStringProperty("host", started.host());
        out.writeStringProperty("http_version", started.request().version().text());
        out.writeNumberProperty("connection", started.connection());
        out.writeBooleanProperty("reused", started.reused());
        client(out, started.client());
        headers(out, "request_headers", started.request().headers());
      }
      case TrafficEvent.ResponseStarted(var id, var response, var remote, var sinceStart) -> {
        out.writeStringProperty("type", "exchange.response");
        out.writeNumberProperty("id", id);
        out.writeNumberProperty("status", response.status());
        out.writeStringProperty("http_version", response.version().text());
        out.writeStringProperty("remote", remote);
        headers(out, "response_headers", response.headers());
        millis(out, "ttfb_ms", sinceStart);
      }
      case TrafficEvent.ExchangeFinished finished -> {
        out.writeStringProperty("type", "exchange.finished");
        out.writeNumberProperty("id", finished.id());
        out.writeNumberProperty("status", finished.status());
        millis(out, "duration_ms", finished.duration());
        out.writeNumberProperty("request_bytes", finished.requestBytes());
        out.writeNumberProperty("response_bytes", finished.responseBytes());
        if (finished.responseDecodedBytes().isPresent()) {
          out.writeNumberProperty(
              "response_decoded_bytes", finished.responseDecodedBytes().getAsLong());
        }
        if (!finished.trailers().isEmpty()) {
          headers(out, "trailers", finished.trailers());
        }
        timings(out, finished.timings());
        if (finished.truncated()) {
          out.writeBooleanProperty("truncated", true);
        }
      }
      case TrafficEvent.MessagePassed(var id, var message) -> {
        out.writeStringProperty("type", "message");
        out.writeNumberProperty("id", id);
        out.writeStringProperty("direction", message.direction().wireName());
        out.writeStringProperty("kind", message.kind().wireName());
        out.writeNumberProperty("bytes", message.bytes());
        text(out, "text", message.text().map(redaction::text));
        if (message.truncated()) {
          out.writeBooleanProperty("truncated", true);
        }
      }
      case TrafficEvent.ExchangeFailed(var id, var error, var detail, _, _, _) -> {
        out.writeStringProperty("type", "exchange.failed");
        out.writeNumberProperty("id", id);
        out.writeStringProperty("error", error.wireName());
        out.writeStringProperty("detail", redaction.text(detail));
      }
      case TrafficEvent.ConnectionRefused(var connection, var error, var detail, var at) -> {
        out.writeStringProperty("type", "connection.refused");
        out.writeNumberProperty("connection", connection);
        out.writeStringProperty("error", error);
        out.writeStringProperty("detail", redaction.text(detail));
        if (at.isPresent()) {
          out.writeNumberProperty("at", at.getAsLong());
        }
      }
      case TrafficEvent.TunnelOpened(var id, var connection, var client, var host, var why) -> {
        out.writeStringProperty("type", "tunnel.opened");
        out.writeNumberProperty("id", id);
        out.writeNumberProperty("run", run);
        out.writeStringProperty("host", host);
        out.writeStringProperty("why", why.wireName());
        out.writeNumberProperty("connection", connection);
        client(out, client);
      }
      case TrafficEvent.TunnelClosed(var id, var up, var down) -> {
        out.writeStringProperty("type", "tunnel.closed");
        out.writeNumberProperty("id", id);
        out.writeNumberProperty("up", up);
        out.writeNumberProperty("down", down);
      }
      case TrafficEvent.TunnelFailed(var id, var host, var error, var detail) -> {
        out.writeStringProperty("type", "tunnel.failed");
        out.writeNumberProperty("id", id);
        out.writeNumberProperty("run", run);
        out.writeStringProperty("host", host);
        out.writeStringProperty("error", error.wireName());
        out.writeStringProperty("detail", redaction.text(detail));
      }
      case TrafficEvent.Warning(var code, var said, var hint) ->
          notice(out, "warning", code, said, hint);
    }
  }

  private static void client(JsonGenerator out, ClientProcess client) {
    if (client.pid().isPresent()) {
      out.writeNumberProperty("pid", client.pid().getAsLong());
    }
    text(out, "process", client.name());
    out.writeBooleanProperty("owned", client.owned());
  }

  private void notice(
      JsonGenerator out, String type, String code, String said, Optional<String> hint) {
    out.writeStringProperty("type", type);
    out.writeStringProperty("code", code);
    out.writeStringProperty("text", redaction.text(said));
    text(out, "hint", hint.map(redaction::text));
  }

  private static void cause(JsonGenerator out, StopCause cause) {
    out.writeStringProperty("cause", cause.kind().wireName());
    text(out, "signal", cause.signal().map(Signal::name));
  }

  private void stopped(JsonGenerator out, SessionResult result) {
    cause(out, result.cause());
    out.writeNumberProperty("exit_code", result.exitCode());
    out.writeNumberProperty("exchanges", result.exchanges());
    out.writeNumberProperty("failed", result.failed());
    out.writeNumberProperty("bypassed", result.bypassed().count());
    // Of this stream: other readers of the session have missed others.
    out.writeNumberProperty("dropped_events", missed);
    out.writeObjectPropertyStart("forced");
    out.writeNumberProperty("processes", result.forced().processes());
    out.writeNumberProperty("connections", result.forced().connections());
    out.writeEndObject();
    out.writeObjectPropertyStart("phases");
    millis(out, "terminate", result.phases().terminate());
    millis(out, "wait_tree", result.phases().waitTree());
    millis(out, "kill", result.phases().kill());
    millis(out, "drain", result.phases().drain());
    millis(out, "flush", result.phases().flush());
    out.writeEndObject();
  }

  private static void timings(JsonGenerator out, Timings timings) {
    out.writeObjectPropertyStart("timings");
    phase(out, "blocked", timings.blocked());
    phase(out, "dns", timings.dns());
    phase(out, "connect", timings.connect());
    phase(out, "tls", timings.tls());
    phase(out, "send", timings.send());
    phase(out, "wait", timings.waiting());
    phase(out, "receive", timings.receive());
    out.writeEndObject();
  }

  /** Milliseconds, or -1 for a phase that did not take place, as in HAR 1.2. */
  private static void phase(JsonGenerator out, String name, long nanos) {
    if (nanos < 0) {
      out.writeNumberProperty(name, -1);
    } else {
      millis(out, name, Duration.ofNanos(nanos));
    }
  }

  private void headers(JsonGenerator out, String name, List<Header> headers) {
    out.writeArrayPropertyStart(name);
    for (Header header : redaction.headers(headers)) {
      out.writeStartArray();
      out.writeString(header.name());
      out.writeString(Launch.text(header.value()));
      out.writeEndArray();
    }
    out.writeEndArray();
  }

  private static void strings(JsonGenerator out, String name, List<String> values) {
    out.writeArrayPropertyStart(name);
    values.forEach(out::writeString);
    out.writeEndArray();
  }

  private static void text(JsonGenerator out, String name, Optional<String> value) {
    value.ifPresent(text -> out.writeStringProperty(name, text));
  }

  /** Milliseconds with a fraction of microseconds. */
  private static void millis(JsonGenerator out, String name, Duration duration) {
    out.writeNumberProperty(name, Math.floorDiv(duration.toNanos(), 1_000L) / 1_000.0);
  }

  /** As in a URL: an IPv6 address in brackets. */
  static String address(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    int zone = host.indexOf('%');
    String plain = zone < 0 ? host : host.substring(0, zone);
    return (plain.contains(":") ? "[" + plain + "]" : plain) + ":" + address.getPort();
  }
}
