package dev.earshot.session;

import dev.earshot.exchange.BodySource;
import dev.earshot.exchange.RecordedExchange;
import dev.earshot.exchange.RecordedMessage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Reads a session's record back, also while it is written. Several may be open at once; one is used
 * by one thread at a time, the bodies that it opened included. Every method throws an {@link
 * IOException} with one line for people if the record cannot be read.
 */
public interface CaptureView extends AutoCloseable {

  /** In which order exchanges are listed. */
  enum Order {
    OLDEST_FIRST,
    NEWEST_FIRST
  }

  /**
   * What changed: new exchanges, and those that went on or ended.
   *
   * @param number to be asked with the next time
   * @param ids in the order of their latest change
   * @param more whether there is more than was asked for
   */
  record Changes(long number, List<Long> ids, boolean more) {
    public Changes {
      ids = List.copyOf(ids);
    }
  }

  /**
   * A page of exchanges.
   *
   * @param beyond only those with an id beyond it, in this order; with 0, from the beginning
   * @param most of them at most
   */
  List<RecordedExchange> exchanges(long beyond, Order order, int most) throws IOException;

  /** One exchange; empty if it is not in the record. */
  Optional<RecordedExchange> exchange(long id) throws IOException;

  /** The bodies of an exchange, as far as they are kept by now; without any if it is not there. */
  BodySource bodies(long exchange);

  /**
   * Messages of an exchange, in their order.
   *
   * @param skip so many of its first
   * @param most of them at most
   */
  List<RecordedMessage> messages(long exchange, long skip, int most) throws IOException;

  /** How many exchanges there are. */
  long count() throws IOException;

  /**
   * What changed since an earlier answer; cheap, to be asked often.
   *
   * @param number of that answer, or 0 for everything
   * @param most ids at most
   */
  Changes changes(long number, int most) throws IOException;

  @Override
  void close() throws IOException;
}
