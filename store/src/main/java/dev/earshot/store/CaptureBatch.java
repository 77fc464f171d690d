package dev.earshot.store;

import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.SessionResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;

/** Writes what was told, a commit at a time. The writing thread's. */
final class CaptureBatch implements AutoCloseable {
  private final Connection connection;
  private final Recording recording;
  private final Closing closing = new Closing();
  private final SessionRows session;
  private final ExchangeRows exchanges;

  CaptureBatch(CaptureFile file, Masking masking, SessionFolders folders, CaptureLimits limits)
      throws SQLException {
    this.connection = file.connection();
    this.recording = new Recording(limits, masking);
    this.session = closing.own(new SessionRows(connection, masking, folders, limits));
    var bodies = closing.own(new BodyRows(connection, masking, limits));
    this.exchanges = closing.own(new ExchangeRows(connection, bodies));
  }

  /**
   * Writes these, and what is due by now.
   *
   * @param nanos the time now
   * @param hurried whether to save work
   */
  void write(List<Told> told, long nanos, boolean hurried) throws SQLException {
    for (Told each : told) {
      switch (each) {
        case Told.Event(var stamped, _) -> {
          if (stamped.event() instanceof SessionEvent.Traffic(int run, var traffic)) {
            recording.traffic(run, traffic, stamped.at(), nanos);
          }
          session.event(stamped.event(), stamped.at());
        }
        case Told.Piece piece -> recording.body(piece);
        case Told.Declined(long exchange, var direction) -> recording.declined(exchange, direction);
      }
    }
    for (Recording.Write write : recording.due(nanos)) {
      int held = write.exchange().held();
      exchanges.write(write, hurried);
      recording.written(write.exchange(), held);
    }
    connection.commit();
  }

  /** The last commit: everything that goes on, as it is, and the session's end. */
  void end(SessionResult result, long bodiesGivenUp) throws SQLException {
    write(List.of(), Long.MAX_VALUE / 2, false);
    session.ended(result, bodiesGivenUp);
    connection.commit();
  }

  /** When something is to be written though nothing comes; empty for never. */
  OptionalLong nextDue() {
    return recording.nextDue();
  }

  /** Exchanges in the file. */
  long exchanges() {
    return exchanges.count();
  }

  /** Bodies that could not be held until they could be masked. */
  long droppedBodies() {
    return recording.droppedBodies();
  }

  @Override
  public void close() throws SQLException {
    closing.close();
  }
}
