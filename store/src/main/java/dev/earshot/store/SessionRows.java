package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.Machine;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.Survivor;
import dev.earshot.session.Bypass;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionResult;
import dev.earshot.session.StopCause;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Writes what is no exchange: the session, its runs, messages, and what else was told. */
final class SessionRows implements AutoCloseable {
  private final Closing closing = new Closing();
  private final Masking masking;
  private final SessionFolders folders;
  private final CaptureLimits limits;
  private final Prepared session;
  private final Prepared sessionEnded;
  private final Prepared run;
  private final Prepared runStarted;
  private final Prepared runEnded;
  private final Prepared runSurvivors;
  private final Prepared notice;
  private final Prepared message;
  private SessionEvent.@Nullable Starting starting;
  private Instant startedAt = Instant.EPOCH;

  SessionRows(Connection file, Masking masking, SessionFolders folders, CaptureLimits limits)
      throws SQLException {
    this.masking = masking;
    this.folders = folders;
    this.limits = limits;
    this.session =
        prepare(
            file,
            "INSERT INTO session (only_row, id, version, command, cwd, masked, body_limit, started,"
                + " proxy, folder, pid, pid_started) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.sessionEnded =
        prepare(
            file,
            "UPDATE session SET ended = ?, cause = ?, signal = ?, exit_code = ?, failure = ?,"
                + " exchanges = (SELECT count(*) FROM exchange),"
                + " failed = (SELECT count(*) FROM exchange WHERE error IS NOT NULL),"
                + " bodies_given_up = ?");
    this.run = prepare(file, "INSERT OR REPLACE INTO run (number, argv, started) VALUES (?, ?, ?)");
    this.runStarted = prepare(file, "UPDATE run SET pid = ? WHERE number = ?");
    this.runEnded =
        prepare(
            file,
            "UPDATE run SET ended = ?, reason = ?, exit_code = ?, signal = ?, core_dumped = ?,"
                + " requested = ?, user_time = ?, system_time = ?, max_rss_kib = ?, error = ?"
                + " WHERE number = ?");
    this.runSurvivors = prepare(file, "UPDATE run SET killed = ?, survivors = ? WHERE number = ?");
    this.notice =
        prepare(
            file,
            "INSERT INTO notice (at, run, kind, code, text, hint, connection, pid)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    this.message =
        prepare(
            file,
            "INSERT INTO message (exchange, at, direction, kind, bytes, truncated, text)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?)");
  }

  private Prepared prepare(Connection file, String sql) throws SQLException {
    return closing.own(new Prepared(file, sql));
  }

  /** Writes an event, if it is one of those. */
  void event(SessionEvent event, Instant at) throws SQLException {
    switch (event) {
      case SessionEvent.Starting is -> {
        starting = is;
        startedAt = at;
      }
      case SessionEvent.ProxyStarted(var address, _) -> session(address);
      case SessionEvent.Command(int number, var process) -> command(number, process, at);
      case SessionEvent.Traffic(int number, var traffic) -> traffic(number, traffic, at);
      case SessionEvent.Bypassed(int number, var bypass) -> bypass(number, bypass, at);
      case SessionEvent.Restarting(int number) ->
          notice(at, OptionalInt.of(number), "restart", "restart", "run " + number);
      case SessionEvent.Stopping(var cause) ->
          notice(at, OptionalInt.empty(), "stopping", cause.kind().wireName(), text(cause));
      case SessionEvent.Warning(var code, var text, var hint) ->
          notice(at, "warning", code, text, hint);
      case SessionEvent.Fatal(var code, var text, var hint) ->
          notice(at, "fatal", code, text, hint);
      case SessionEvent.ProxyStopped(_, var error) -> {
        if (error.isPresent()) {
          notice(at, "fatal", "proxy_stopped", error.get(), Optional.empty());
        }
      }
      case SessionEvent.Started _,
          SessionEvent.Stopped _,
          SessionEvent.ProxyStarting _,
          SessionEvent.CaptureClosed _,
          SessionEvent.Dropped _ -> {
        // Told by the other rows.
      }
    }
  }

  private static String text(StopCause cause) {
    return cause.signal().map(signal -> "signal " + signal.name()).orElse("");
  }

  private void session(InetSocketAddress proxy) throws SQLException {
    var is = starting;
    if (is == null) {
      throw new IllegalStateException("the session did not tell its start");
    }
    long pid = ProcessHandle.current().pid();
    session.put(is.id()).put(is.version());
    session.put(argv(is.command())).put(text(is.directory())).put(masking.isOn());
    session.put(limits.body()).put(Recording.micros(startedAt));
    session.put(proxy.getHostString() + ":" + proxy.getPort());
    session.put(folders.folderOf(is.id()).map(folder -> folder.toString()).orElse(""));
    session.put(pid).put(Machine.startOf(pid).orElse(0)).run();
    starting = null;
  }

  /** The end of the session. */
  void ended(SessionResult result, long bodiesGivenUp) throws SQLException {
    StopCause cause = result.cause();
    sessionEnded.put(Recording.micros(Instant.now())).put(cause.kind().wireName());
    sessionEnded.put(
        cause.signal().map(s -> OptionalInt.of(s.number())).orElse(OptionalInt.empty()));
    sessionEnded.put(result.exitCode()).put(result.failure().map(masking::text));
    sessionEnded.put(bodiesGivenUp).run();
  }

  private void command(int number, ProcessEvent event, Instant at) throws SQLException {
    switch (event) {
      case ProcessEvent.Starting(var argv) ->
          run.put(number).put(argv(argv)).put(Recording.micros(at)).run();
      case ProcessEvent.Started(long pid, _) -> runStarted.put(pid).put(number).run();
      case ProcessEvent.Signaled(var signal, var target, var why) ->
          notice(
              at,
              OptionalInt.of(number),
              "signal",
              why.wireName(),
              signal.name() + " to " + target.wireName());
      case ProcessEvent.Exited(var result) -> exited(number, result);
      case ProcessEvent.TreeGone(var killed, var survivors, _) ->
          runSurvivors
              .put(Json.numbers(killed))
              .put(Json.numbers(survivors.stream().map(Survivor::pid).toList()))
              .put(number)
              .run();
    }
  }

  private void exited(int number, ProcessResult result) throws SQLException {
    runEnded.put(Recording.micros(result.endedAt())).put(result.reason().wireName());
    runEnded.put(result.exitCode()).put(result.signal());
    runEnded.put(result.coreDumped()).put(result.requested());
    runEnded.put(Recording.micros(result.userTime())).put(Recording.micros(result.systemTime()));
    runEnded.put(result.maxRssKib());
    runEnded.put(
        result.error().or(() -> result.startFailure().map(f -> f.hint())).map(masking::text));
    runEnded.put(number).run();
  }

  private void traffic(int number, TrafficEvent event, Instant at) throws SQLException {
    switch (event) {
      case TrafficEvent.MessagePassed(long id, var passed) -> message(id, passed, at);
      case TrafficEvent.Warning(var code, var text, var hint) ->
          notice(at, "warning", code, text, hint);
      case TrafficEvent.ConnectionRefused(long connection, var error, var detail, var offset) -> {
        notice.put(Recording.micros(at)).put(number).put("refused").put(error);
        String where = offset.isPresent() ? " (at byte " + offset.getAsLong() + ")" : "";
        notice.put(masking.text(detail) + where).putNull().put(connection).putNull().run();
      }
      case TrafficEvent.ExchangeStarted _,
          TrafficEvent.ResponseStarted _,
          TrafficEvent.ExchangeFinished _,
          TrafficEvent.ExchangeFailed _,
          TrafficEvent.TunnelOpened _,
          TrafficEvent.TunnelClosed _,
          TrafficEvent.TunnelFailed _ -> {
        // Exchanges are written by others.
      }
    }
  }

  private void message(long exchange, Message passed, Instant at) throws SQLException {
    message.put(exchange).put(Recording.micros(at));
    message.put(passed.direction() == Direction.UP ? 0 : 1).put(passed.kind().wireName());
    message.put(passed.bytes()).put(passed.truncated()).put(passed.text().map(masking::text)).run();
  }

  private void bypass(int number, Bypass bypass, Instant at) throws SQLException {
    var remote = bypass.remote();
    notice.put(Recording.micros(at)).put(number).put("bypass").put(bypass.kind().wireName());
    String service = bypass.service().map(name -> " (" + name + ")").orElse("");
    notice.put(
        "%s to %s:%d%s"
            .formatted(bypass.process(), remote.getHostString(), remote.getPort(), service));
    notice.put(bypass.hint()).putNull().put(bypass.pid()).run();
  }

  private void notice(Instant at, OptionalInt number, String kind, String code, String text)
      throws SQLException {
    notice.put(Recording.micros(at)).put(number).put(kind).put(code).put(text);
    notice.putNull().putNull().putNull().run();
  }

  private void notice(Instant at, String kind, String code, String text, Optional<String> hint)
      throws SQLException {
    notice.put(Recording.micros(at)).putNull().put(kind).put(code).put(masking.text(text));
    notice.put(hint.map(masking::text)).putNull().putNull().run();
  }

  private String argv(List<String> raw) {
    return Json.strings(masking.argv(raw.stream().map(SessionRows::text).toList()));
  }

  /** From bytes, one a char, as a session holds what came from the system. */
  private static String text(String raw) {
    return raw.chars().allMatch(c -> c <= 0xFF)
        ? new String(raw.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
        : raw;
  }

  @Override
  public void close() throws SQLException {
    closing.close();
  }
}
