package dev.earshot.store;

import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** What is to be closed together, the newest first. */
final class Closing implements AutoCloseable {
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();

  <T extends AutoCloseable> T own(T part) {
    owned.push(part);
    return part;
  }

  /** Closes all, whatever any of it throws. */
  @Override
  public void close() throws SQLException {
    @Nullable SQLException first = null;
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        var problem = e instanceof SQLException sql ? sql : new SQLException(e);
        if (first == null) {
          first = problem;
        } else {
          first.addSuppressed(problem);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
