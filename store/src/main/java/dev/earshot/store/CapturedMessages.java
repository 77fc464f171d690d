package dev.earshot.store;

import dev.earshot.exchange.RecordedMessage;
import dev.earshot.session.CaptureView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The messages of an exchange, a page at a time. What cannot be read is an {@link
 * UncheckedIOException}.
 *
 * @param exchange its id
 */
public record CapturedMessages(CaptureView view, long exchange)
    implements Iterable<RecordedMessage> {
  private static final int PAGE = 256;

  @Override
  public Iterator<RecordedMessage> iterator() {
    return new Pages(view, exchange);
  }

  private static final class Pages implements Iterator<RecordedMessage> {
    private final CaptureView view;
    private final long exchange;
    private final ArrayDeque<RecordedMessage> page = new ArrayDeque<>();
    private long read;
    private boolean more = true;

    Pages(CaptureView view, long exchange) {
      this.view = view;
      this.exchange = exchange;
    }

    @Override
    public boolean hasNext() {
      if (page.isEmpty() && more) {
        try {
          page.addAll(view.messages(exchange, read, PAGE));
        } catch (IOException e) {
          throw new UncheckedIOException(e.getMessage(), e);
        }
        read += page.size();
        more = page.size() == PAGE;
      }
      return !page.isEmpty();
    }

    @Override
    public RecordedMessage next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return page.remove();
    }
  }
}
