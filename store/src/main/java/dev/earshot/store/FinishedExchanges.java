package dev.earshot.store;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Exchanges in the order in which they ended, as they do. Asked by one thread. */
public interface FinishedExchanges {
  /**
   * The next ones, each once.
   *
   * @param most how many at most
   * @param wait how long to wait for the first, if there is none; not at all if it is zero
   * @return none if none ended in that time
   */
  List<HarRecord> next(int most, Duration wait) throws IOException, InterruptedException;

  /** How many have ended that were not given out. May be asked by any thread. */
  long waiting();
}
