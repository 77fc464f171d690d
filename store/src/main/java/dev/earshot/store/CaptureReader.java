package dev.earshot.store;

import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Message;
import dev.earshot.exchange.MessageKind;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import dev.earshot.exchange.filter.Filter;
import dev.earshot.process.Machine;
import dev.earshot.session.CaptureView;
import dev.earshot.session.CrashedSessions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Reads a capture: of a session that goes on, here or in another process, that ended, or that
 * crashed. Never waits for the writer, and never keeps it from writing. Used by one thread at a
 * time; any number may be open at once.
 */
public final class CaptureReader implements CaptureView {
  /** How long to wait for a writer that is just closing the file. */
  private static final int BUSY_MILLIS = 2_000;

  private final Path file;
  private final Connection connection;

  private CaptureReader(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /**
   * Opens a capture.
   *
   * @throws CaptureException if it is not there, cannot be read, is no capture, or a newer one
   */
  public static CaptureReader open(Path file) throws CaptureException {
    try {
      if (!Files.isRegularFile(file)) {
        throw Files.exists(file)
            ? CaptureException.notACapture(file.toString())
            : CaptureException.absent(file);
      }
      Connection connection = Sqlite.open(file, mode(file), BUSY_MILLIS);
      try (var statement = connection.createStatement()) {
        statement.executeUpdate("PRAGMA query_only = 1");
        Schema.CURRENT.check(connection, file.toString());
      } catch (SQLException | CaptureException e) {
        connection.close();
        throw e;
      }
      return new CaptureReader(file, connection);
    } catch (SQLException | IOException e) {
      throw CaptureException.cannotRead(file, Sqlite.why(e));
    }
  }

  /**
   * Where files can be made beside it, what a crash left there is put in order by SQLite, by whom
   * ever opens it; it needs to write for that.
   */
  private static Sqlite.Mode mode(Path file) throws IOException, CaptureException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null && Files.isWritable(folder)) {
      return Files.isWritable(file) ? Sqlite.Mode.WRITE : Sqlite.Mode.READ;
    }
    Path log = CaptureFile.beside(file, "-wal");
    if (!Files.exists(log) || Files.size(log) == 0) {
      return Sqlite.Mode.READ_UNCHANGING;
    }
    if (!Files.exists(CaptureFile.beside(file, "-shm"))) {
      throw CaptureException.needsRoom(file);
    }
    return Sqlite.Mode.READ;
  }

  /** The file. */
  public Path file() {
    return file;
  }

  /** The session, at a glance. */
  public CaptureFacts facts() throws IOException {
    return asked(() -> {
      CaptureFacts facts = facts(CaptureFacts.State.CRASHED);
      if (facts.ended().isPresent()) {
        return facts;
      }
      // Asked in this order: it writes its end before it shows that it does not live.
      return isLive() ? facts(CaptureFacts.State.LIVE) : facts(CaptureFacts.State.CRASHED);
    });
  }

  private CaptureFacts facts(CaptureFacts.State unlessEnded) throws SQLException, IOException {
    try (var statement = connection.createStatement();
        var row =
            statement.executeQuery(
                "SELECT id, version, command, cwd, masked, started, ended, cause, exit_code,"
                    + " coalesce(exchanges, (SELECT count(*) FROM exchange)),"
                    + " coalesce(failed, (SELECT count(*) FROM exchange WHERE error IS NOT NULL)),"
                    + " coalesce(bodies_given_up, 0) FROM session")) {
      if (!row.next()) {
        throw new IOException("cannot read %s: nothing was recorded in it yet".formatted(file));
      }
      var columns = new Columns(row);
      String id = columns.text();
      String version = columns.text();
      List<String> command = Json.strings(columns.text());
      String directory = columns.text();
      boolean masked = columns.flag();
      Instant started = columns.instant();
      Optional<Instant> ended =
          columns.optionalLong().stream().mapToObj(Columns::instant).findAny();
      return new CaptureFacts(
          file,
          id,
          version,
          command,
          directory,
          masked,
          started,
          ended.isPresent() ? CaptureFacts.State.ENDED : unlessEnded,
          ended,
          columns.optionalText(),
          columns.optionalInt(),
          columns.number(),
          columns.number(),
          columns.number(),
          size());
    }
  }

  private long size() throws IOException {
    long size = Files.size(file);
    for (String companion : CaptureFile.COMPANIONS) {
      try {
        size += Files.size(CaptureFile.beside(file, companion));
      } catch (NoSuchFileException none) {
        // Mostly there is none.
      }
    }
    return size;
  }

  private boolean isLive() throws SQLException, IOException {
    try (var statement = connection.createStatement();
        var row = statement.executeQuery("SELECT folder, pid, pid_started FROM session")) {
      var columns = new Columns(row);
      String folder = columns.text();
      long pid = columns.number();
      long started = columns.number();
      // First, as the record of a session of this process must not be opened.
      return Machine.startOf(pid).stream().anyMatch(now -> now == started && now > 0)
          || (!folder.isEmpty() && CrashedSessions.isLive(Path.of(folder)));
    }
  }

  @Override
  public List<RecordedExchange> exchanges(long beyond, Order order, int most) throws IOException {
    return asked(() -> {
      String where =
          switch (order) {
            case OLDEST_FIRST -> "e.id > ? ORDER BY e.id";
            case NEWEST_FIRST -> "e.id < ? ORDER BY e.id DESC";
          };
      long from = order == Order.NEWEST_FIRST && beyond == 0 ? Long.MAX_VALUE : beyond;
      return exchanges(where + " LIMIT ?", from, most);
    });
  }

  @Override
  public Optional<RecordedExchange> exchange(long id) throws IOException {
    return asked(() -> exchanges("e.id = ? LIMIT ?", id, 1).stream().findFirst());
  }

  /** Those with these ids, the oldest first; which are not in the record is no error. */
  List<RecordedExchange> exchanges(Collection<Long> ids) throws IOException {
    String list = ids.stream().map(String::valueOf).collect(Collectors.joining(","));
    return asked(() ->
        exchanges("e.id > ? AND e.id IN (" + list + ") ORDER BY e.id LIMIT ?", 0, ids.size()));
  }

  private List<RecordedExchange> exchanges(String where, long id, int most) throws SQLException {
    try (var query = connection.prepareStatement(ReadExchange.SELECT + where)) {
      query.setLong(1, id);
      query.setInt(2, most);
      List<RecordedExchange> found = new ArrayList<>();
      try (var rows = query.executeQuery()) {
        while (rows.next()) {
          found.add(ReadExchange.from(new Columns(rows)));
        }
      }
      return found;
    }
  }

  /**
   * A page of the exchanges that match a filter. Without terms that only an exchange itself can
   * answer, the file's indexes are used; an interrupt ends a long search.
   *
   * @param beyond only those with an id beyond it, in this order; with 0, from the beginning
   * @param most of them at most
   * @throws IOException with one line for people, if the record cannot be read
   */
  public FilteredPage exchanges(Filter filter, long beyond, Order order, int most)
      throws IOException {
    return asked(() -> new FilterQuery(connection, this::bodies).page(filter, beyond, order, most));
  }

  @Override
  public BodySource bodies(long exchange) {
    return direction -> asked(() -> body(exchange, direction));
  }

  private InputStream body(long exchange, Direction direction) throws SQLException {
    String column =
        switch (direction) {
          case UP -> "request_body";
          case DOWN -> "response_body";
        };
    try (var query =
        connection.prepareStatement("SELECT " + column + " FROM head WHERE exchange = ?")) {
      query.setLong(1, exchange);
      try (var row = query.executeQuery()) {
        long body = row.next() ? row.getLong(1) : 0;
        return body == 0 ? InputStream.nullInputStream() : new BodyStream(connection, body);
      }
    }
  }

  @Override
  public List<RecordedMessage> messages(long exchange, long skip, int most) throws IOException {
    return asked(() -> {
      try (var query =
          connection.prepareStatement(
              "SELECT at, direction, kind, bytes, truncated, text FROM message"
                  + " WHERE exchange = ? ORDER BY id LIMIT ? OFFSET ?")) {
        query.setLong(1, exchange);
        query.setInt(2, most);
        query.setLong(3, skip);
        List<RecordedMessage> found = new ArrayList<>();
        try (var rows = query.executeQuery()) {
          while (rows.next()) {
            message(new Columns(rows)).ifPresent(found::add);
          }
        }
        return found;
      }
    });
  }

  /** Empty for a kind that a later version made up. */
  private static Optional<RecordedMessage> message(Columns row) throws SQLException {
    Instant at = row.instant();
    Direction direction = row.number() == 0 ? Direction.UP : Direction.DOWN;
    String kind = row.text();
    long bytes = row.number();
    boolean truncated = row.flag();
    Optional<String> text = row.optionalText();
    for (MessageKind each : MessageKind.values()) {
      if (each.wireName().equals(kind)) {
        return Optional.of(
            new RecordedMessage(at, new Message(direction, each, bytes, text, truncated)));
      }
    }
    return Optional.empty();
  }

  @Override
  public long count() throws IOException {
    return asked(() -> {
      try (var statement = connection.createStatement();
          var row = statement.executeQuery("SELECT count(*) FROM exchange")) {
        return row.getLong(1);
      }
    });
  }

  /** The length of the longest host's name, for a table; 0 if there is none. */
  public int longestHost() throws IOException {
    return asked(() -> {
      try (var query = connection.createStatement();
          var row = query.executeQuery("SELECT coalesce(max(length(name)), 0) FROM host")) {
        row.next();
        return row.getInt(1);
      }
    });
  }

  @Override
  public Changes changes(long number, int most) throws IOException {
    return asked(() -> {
      try (var query =
          connection.prepareStatement(
              "SELECT id, changed FROM exchange WHERE changed > ? ORDER BY changed LIMIT ?")) {
        query.setLong(1, number);
        query.setInt(2, most);
        List<Long> ids = new ArrayList<>();
        long latest = number;
        try (var rows = query.executeQuery()) {
          while (rows.next()) {
            ids.add(rows.getLong(1));
            latest = rows.getLong(2);
          }
        }
        return new Changes(latest, ids, ids.size() == most);
      }
    });
  }

  /** A question to the file. */
  private interface Question<T> {
    T ask() throws SQLException, IOException;
  }

  private <T> T asked(Question<T> question) throws IOException {
    try {
      return question.ask();
    } catch (SQLException e) {
      throw new IOException("cannot read %s: %s".formatted(file, Sqlite.why(e)), e);
    }
  }

  @Override
  public void close() throws IOException {
    asked(() -> {
      connection.close();
      return true;
    });
  }
}
