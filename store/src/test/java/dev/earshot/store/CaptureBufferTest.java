package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.earshot.exchange.Direction;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.Stamped;
import dev.earshot.store.CaptureBuffer.Offer;
import dev.earshot.testkit.Eventually;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CaptureBufferTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();
  private static final CaptureLimits LIMITS =
      new CaptureLimits(
          1 << 20,
          1000,
          1000,
          4000,
          1 << 18,
          1 << 20,
          Duration.ofMillis(50),
          Duration.ofMillis(100),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2));

  private final AtomicLong now = new AtomicLong();
  private final CaptureBuffer buffer = new CaptureBuffer(LIMITS, now::get);

  private Offer event() {
    return buffer.offer(
        new Stamped(1, Instant.EPOCH, new SessionEvent.Warning("c", "t", Optional.empty())));
  }

  private Offer body(int bytes) {
    return buffer.offer(1, Direction.UP, ByteBuffer.allocate(bytes));
  }

  private List<Told> take() throws InterruptedException {
    return new ArrayList<>(buffer.take(0, 0));
  }

  @Test
  void bodiesAreGivenUpPastTheirMarkAndCountUntilWritten() throws Exception {
    assertEquals(Offer.TAKEN, body(400));
    assertEquals(Offer.TAKEN, body(400));
    assertEquals(Offer.DECLINED, body(100));
    assertEquals(1, buffer.givenUp());
    var taken = take();
    assertEquals(3, taken.size(), "the writer learns of it");
    assertEquals(Offer.DECLINED, body(400));
    buffer.written(taken);
    buffer.written(take());
    assertEquals(Offer.TAKEN, body(800));
  }

  @Test
  void metadataIsTakenPastItsMarkAndCongests() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertEquals(Offer.TAKEN, event());
    }
    assertFalse(buffer.isCongested());
    assertEquals(Offer.TAKEN, event());
    assertTrue(buffer.isCongested());
    buffer.written(take());
    assertFalse(buffer.isCongested());
  }

  @Test
  void metadataHasAnEndToo() {
    Offer last = Offer.TAKEN;
    for (int i = 0; i < 20; i++) {
      last = event();
    }
    assertEquals(Offer.STALLED, last);
  }

  @Test
  void isStalledOnceNothingWasWrittenForFiveSeconds() {
    event();
    now.set(4 * SECOND - 1);
    assertEquals(Offer.TAKEN, event());
    now.set(4 * SECOND);
    assertEquals(Offer.TAKEN, event());
    now.set(5 * SECOND);
    assertEquals(Offer.TAKEN, event());
    now.set(5 * SECOND + 1);
    assertEquals(Offer.STALLED, event());
  }

  @Test
  void isNotStalledByAPauseOfThisProcessOrForWantOfWork() throws Exception {
    now.set(60 * SECOND);
    assertEquals(Offer.TAKEN, event(), "nothing waited");
    now.set(120 * SECOND);
    assertEquals(Offer.TAKEN, event(), "stopped, and goes on just now");
    buffer.written(take());
    now.set(122 * SECOND);
    assertEquals(Offer.TAKEN, event());
  }

  @Test
  void offIsForGoodAndHoldsNothing() throws Exception {
    event();
    body(100);
    assertTrue(buffer.turnOff());
    assertFalse(buffer.turnOff());
    assertEquals(Offer.DECLINED, event());
    assertEquals(Offer.DECLINED, body(1));
    assertEquals(0, take().size());
    assertFalse(buffer.isCongested());
  }

  @Test
  void theWriterIsWokenByWhatComesAndByTheEnd() throws Exception {
    var real = new CaptureBuffer(CaptureLimits.DEFAULT, System::nanoTime);
    var seen = new LinkedBlockingQueue<Integer>();
    long never = System.nanoTime() + Duration.ofHours(1).toNanos();
    var writer =
        Thread.ofPlatform()
            .start(() -> {
              try {
                seen.add(real.take(0, never).size());
                seen.add(real.take(0, never).size());
              } catch (InterruptedException e) {
                seen.add(-1);
              }
            });
    Eventually.until("it waits", () -> writer.getState() == Thread.State.TIMED_WAITING);
    real.offer(1, Direction.UP, ByteBuffer.allocate(1));
    assertEquals(1, seen.take());
    Eventually.until("it waits again", () -> writer.getState() == Thread.State.TIMED_WAITING);
    real.finish();
    assertEquals(0, seen.take());
    writer.join();
  }
}
