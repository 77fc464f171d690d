package dev.earshot.store;

import dev.earshot.exchange.BodyGap;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Timings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Writes exchanges and messages; an exchange that ended before it is written is one insert a table.
 */
final class ExchangeRows implements AutoCloseable {
  private static final String UPDATE_BODIES =
      "request_body = ?, request_kept = ?, request_gap = ?,"
          + " response_body = ?, response_kept = ?, response_gap = ?";

  private final Closing closing = new Closing();
  private final BodyRows bodies;
  private final Dictionary<Place> hosts;
  private final Dictionary<String> types;
  private final Dictionary<ClientProcess> processes;
  private final Prepared exchange;
  private final Prepared head;
  private final Prepared responded;
  private final Prepared respondedHead;
  private final Prepared wentOn;
  private final Prepared wentOnHead;
  private final Prepared ended;
  private final Prepared endedHead;
  private long changed;
  private long inserted;

  /** Where an exchange leads. */
  private record Place(String origin, String name) {}

  ExchangeRows(Connection file, BodyRows bodies) throws SQLException {
    this.bodies = bodies;
    this.hosts =
        closing.own(
            new Dictionary<>(
                file,
                "host",
                "origin = ? AND name = ?",
                "INSERT INTO host (id, origin, name) VALUES (?, ?, ?)",
                (row, place) -> row.put(place.origin()).put(place.name())));
    this.types =
        closing.own(
            new Dictionary<>(
                file,
                "type",
                "name = ?",
                "INSERT INTO type (id, name) VALUES (?, ?)",
                (row, name) -> row.put(name)));
    this.processes =
        closing.own(
            new Dictionary<>(
                file,
                "process",
                "pid IS ? AND name IS ? AND owned = ?",
                "INSERT INTO process (id, pid, name, owned) VALUES (?, ?, ?, ?)",
                (row, client) -> row.put(client.pid()).put(client.name()).put(client.owned())));
    this.exchange =
        prepare(
            file,
            "INSERT INTO exchange (id, changed, flags, status, duration, started, host, type,"
                + " process, run, http, method, path, error, request_bytes, response_bytes)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.head =
        prepare(
            file,
            "INSERT INTO head (exchange, connection, reused, request, tunnel, response, remote,"
                + " response_after, request_body, request_kept, request_gap, response_body,"
                + " response_kept, response_gap, response_decoded, trailers, blocked, dns, connect,"
                + " tls, send, wait, receive, detail)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.responded = prepare(file, "UPDATE exchange SET status = ?, type = ? WHERE id = ?");
    this.respondedHead =
        prepare(
            file,
            "UPDATE head SET response = ?, remote = ?, response_after = ? WHERE exchange = ?");
    this.wentOn =
        prepare(
            file,
            "UPDATE exchange SET changed = ?, flags = ?, request_bytes = ?, response_bytes = ?"
                + " WHERE id = ?");
    this.wentOnHead = prepare(file, "UPDATE head SET " + UPDATE_BODIES + " WHERE exchange = ?");
    this.ended =
        prepare(
            file,
            "UPDATE exchange SET changed = ?, flags = ?, duration = ?, error = ?,"
                + " request_bytes = ?, response_bytes = ? WHERE id = ?");
    this.endedHead =
        prepare(
            file,
            "UPDATE head SET "
                + UPDATE_BODIES
                + ", response_decoded = ?, trailers = ?, blocked = ?, dns = ?, connect = ?, tls = ?,"
                + " send = ?, wait = ?, receive = ?, detail = ? WHERE exchange = ?");
  }

  private Prepared prepare(Connection file, String sql) throws SQLException {
    return closing.own(new Prepared(file, sql));
  }

  /** How many exchanges are in the file. */
  long count() {
    return inserted;
  }

  /**
   * Writes what is due of an exchange.
   *
   * @param hurried whether to save work
   */
  void write(Recording.Write write, boolean hurried) throws SQLException {
    OpenExchange of = write.exchange();
    Optional<ExchangeFacts.End> end = of.end();
    if (end.isPresent()) {
      bodies.ended(of.body(Direction.UP), end.get().requestBytes(), hurried);
      bodies.ended(of.body(Direction.DOWN), end.get().responseBytes(), hurried);
    } else {
      bodies.goesOn(of.body(Direction.UP), hurried);
      bodies.goesOn(of.body(Direction.DOWN), hurried);
    }
    switch (write.due()) {
      case INSERT -> insert(of, of.start().orElseThrow());
      case UPDATE -> update(of);
      case NOTHING -> {
        // Not asked for.
      }
    }
  }

  private void insert(OpenExchange of, ExchangeFacts.Start start) throws SQLException {
    Optional<ExchangeFacts.Response> response = of.head();
    Optional<ExchangeFacts.End> end = of.end();
    exchange.put(of.id()).put(++changed).put(of.flags());
    status(exchange, response);
    duration(exchange, end);
    exchange.put(start.at()).put(hosts.id(new Place(start.origin(), start.host())));
    type(exchange, response);
    if (start.client().isPresent()) {
      exchange.put(processes.id(start.client().get()));
    } else {
      exchange.putNull();
    }
    exchange.put(start.run()).put(start.http()).put(start.method()).put(start.path());
    exchange.put(end.flatMap(ExchangeFacts.End::error));
    exchange.put(bytes(of, Direction.UP)).put(bytes(of, Direction.DOWN)).run();

    head.put(of.id()).put(start.connection()).put(start.reused());
    head.bytes(start.head()).put(start.tunnel());
    response(head, response);
    bodies(head, of);
    end(head, end);
    head.run();
    inserted++;
  }

  private void update(OpenExchange of) throws SQLException {
    Optional<ExchangeFacts.Response> response = of.head();
    Optional<ExchangeFacts.End> end = of.end();
    if (response.isPresent()) {
      status(responded, response);
      type(responded, response);
      responded.put(of.id()).run();
      response(respondedHead, response);
      respondedHead.put(of.id()).run();
    }
    if (end.isPresent()) {
      ended.put(++changed).put(of.flags());
      duration(ended, end);
      ended.put(end.get().error());
      ended.put(bytes(of, Direction.UP)).put(bytes(of, Direction.DOWN)).put(of.id()).run();
      bodies(endedHead, of);
      end(endedHead, end);
      endedHead.put(of.id()).run();
    } else {
      wentOn.put(++changed).put(of.flags());
      wentOn.put(bytes(of, Direction.UP)).put(bytes(of, Direction.DOWN)).put(of.id()).run();
      bodies(wentOnHead, of);
      wentOnHead.put(of.id()).run();
    }
  }

  private static long bytes(OpenExchange of, Direction direction) {
    return of.end()
        .map(end ->
            switch (direction) {
              case UP -> end.requestBytes();
              case DOWN -> end.responseBytes();
            })
        .orElse(of.body(direction).taken());
  }

  private static void status(Prepared row, Optional<ExchangeFacts.Response> response)
      throws SQLException {
    if (response.isPresent()) {
      row.put(response.get().status());
    } else {
      row.putNull();
    }
  }

  private void type(Prepared row, Optional<ExchangeFacts.Response> response) throws SQLException {
    Optional<String> type = response.flatMap(ExchangeFacts.Response::type);
    if (type.isPresent()) {
      row.put(types.id(type.get()));
    } else {
      row.putNull();
    }
  }

  private static void duration(Prepared row, Optional<ExchangeFacts.End> end) throws SQLException {
    if (end.isPresent()) {
      row.put(end.get().duration());
    } else {
      row.putNull();
    }
  }

  private static void response(Prepared row, Optional<ExchangeFacts.Response> response)
      throws SQLException {
    row.bytes(response.map(ExchangeFacts.Response::head));
    row.put(response.map(ExchangeFacts.Response::remote));
    if (response.isPresent()) {
      row.put(response.get().after());
    } else {
      row.putNull();
    }
  }

  private static void bodies(Prepared row, OpenExchange of) throws SQLException {
    for (Direction direction : Direction.values()) {
      HeldBody body = of.body(direction);
      if (body.row() == 0) {
        row.putNull();
      } else {
        row.put(body.row());
      }
      row.put(body.kept());
      BodyGap gap = body.gap(bytes(of, direction));
      row.put(gap == BodyGap.NONE ? Optional.empty() : Optional.of(gap.wireName()));
    }
  }

  private static void end(Prepared row, Optional<ExchangeFacts.End> end) throws SQLException {
    if (end.isEmpty()) {
      for (int column = 0; column < 10; column++) {
        row.putNull();
      }
      return;
    }
    row.put(end.get().decoded()).bytes(end.get().trailers());
    timings(row, end.get().timings());
    row.put(end.get().detail());
  }

  private static void timings(Prepared row, Optional<Timings> timings) throws SQLException {
    var all = timings.orElse(NO_TIMINGS);
    timing(row, all.blocked());
    timing(row, all.dns());
    timing(row, all.connect());
    timing(row, all.tls());
    timing(row, all.send());
    timing(row, all.waiting());
    timing(row, all.receive());
  }

  private static void timing(Prepared row, long nanos) throws SQLException {
    if (nanos == Timings.NOT_APPLICABLE) {
      row.putNull();
    } else {
      row.put(nanos / 1000);
    }
  }

  static final Timings NO_TIMINGS =
      new Timings(
          Timings.NOT_APPLICABLE,
          Timings.NOT_APPLICABLE,
          Timings.NOT_APPLICABLE,
          Timings.NOT_APPLICABLE,
          Timings.NOT_APPLICABLE,
          Timings.NOT_APPLICABLE,
          Timings.NOT_APPLICABLE);

  @Override
  public void close() throws SQLException {
    closing.close();
  }
}
