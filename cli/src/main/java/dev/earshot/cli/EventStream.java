package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.earshot.session.Stamped;
import dev.earshot.session.Subscription;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Writes a subscription to an output as lines of JSON, in a thread of its own. A reader that is
 * slow loses events, which are counted; one that goes away ends the writing, once. Neither holds
 * the session up.
 */
final class EventStream implements AutoCloseable {
  private static final int BATCH = 64 << 10;

  private final Subscription events;
  private final EventJson json;
  private final OutputStream out;
  private final Thread writer;
  private final CompletableFuture<Optional<String>> end = new CompletableFuture<>();

  private EventStream(Subscription events, EventJson json, OutputStream out) {
    this.events = events;
    this.json = json;
    this.out = out;
    // A platform thread: writing to a pipe would pin a virtual one.
    this.writer = Thread.ofPlatform().daemon().name("earshot-events").unstarted(this::write);
  }

  static EventStream start(Subscription events, EventJson json, OutputStream out) {
    var stream = new EventStream(events, json, out);
    stream.writer.start();
    return stream;
  }

  /**
   * Waits until all is written, for at most the given time.
   *
   * @return what went wrong, if anything did
   */
  Optional<String> finish(Duration patience) {
    try {
      return end.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return Optional.of("the reader of the event stream was too slow: the end of it is missing");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted while the event stream was written");
    } catch (java.util.concurrent.ExecutionException e) {
      return Optional.of("the event stream broke: " + e.getCause());
    }
  }

  /** Ends the writing wherever it is. */
  @Override
  public void close() {
    events.close();
    try {
      out.close();
    } catch (IOException alreadyReported) {
      // Whatever could not be written is what finish() told.
    }
  }

  private void write() {
    try {
      var batch = new StringBuilder();
      Optional<Stamped> event = events.take();
      while (event.isPresent()) {
        batch.append(json.line(event.get()));
        // What has come meanwhile is written together.
        event = batch.length() < BATCH ? events.poll(Duration.ZERO) : Optional.empty();
        if (event.isEmpty()) {
          out.write(batch.toString().getBytes(UTF_8));
          out.flush();
          batch.setLength(0);
          event = events.take();
        }
      }
      end.complete(Optional.empty());
    } catch (IOException e) {
      events.close();
      end.complete(
          Optional.of("the event stream ended early: " + e.getMessage() + "; the run went on"));
    } catch (InterruptedException e) {
      end.complete(Optional.of("interrupted while the event stream was written"));
    } catch (RuntimeException e) {
      events.close();
      end.completeExceptionally(e);
    }
  }
}
