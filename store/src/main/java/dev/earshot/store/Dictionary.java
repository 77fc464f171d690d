package dev.earshot.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A small table of what repeats: gives each value an id, and remembers the latest ones used. What
 * was forgotten is found again in the table.
 */
final class Dictionary<K> implements AutoCloseable {
  private static final int REMEMBERED = 4096;

  private final Prepared find;
  private final Prepared insert;
  private final Binder<K> binder;
  private final Map<K, Long> ids =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Long> eldest) {
          return size() > REMEMBERED;
        }
      };
  private long last;

  /** Gives the values of a key, in the order of the table's columns. */
  interface Binder<K> {
    void bind(Prepared statement, K key) throws SQLException;
  }

  /**
   * @param condition which row is that of a key
   * @param insert with the id first
   */
  Dictionary(Connection file, String table, String condition, String insert, Binder<K> binder)
      throws SQLException {
    this.find = new Prepared(file, "SELECT id FROM " + table + " WHERE " + condition);
    this.insert = new Prepared(file, insert);
    this.binder = binder;
  }

  long id(K key) throws SQLException {
    Long known = ids.get(key);
    if (known != null) {
      return known;
    }
    binder.bind(find, key);
    OptionalLong found = find.number();
    long id = found.orElse(last + 1);
    if (found.isEmpty()) {
      last = id;
      insert.put(id);
      binder.bind(insert, key);
      insert.run();
    }
    ids.put(key, id);
    return id;
  }

  @Override
  public void close() throws SQLException {
    try (find) {
      insert.close();
    }
  }
}
