package dev.earshot.store;

import dev.earshot.exchange.Direction;
import dev.earshot.exchange.Redaction;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.session.Capture;
import dev.earshot.session.SessionEvent;
import dev.earshot.session.SessionResult;
import dev.earshot.session.Stamped;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A capture from which an HTTP Archive is written as exchanges end: read back by a thread of its
 * own, so that neither waits for the other.
 */
public final class HarCapture implements Capture {
  private final CaptureWriter capture;
  private final HarFile har;
  private final Path name;
  private final boolean keepsCapture;
  private final CapturedEnds ends;
  private @Nullable HarFollower follower;

  private HarCapture(CaptureWriter capture, HarFile har, Path name, boolean keepsCapture) {
    this.capture = capture;
    this.har = har;
    this.name = name;
    this.keepsCapture = keepsCapture;
    this.ends = new CapturedEnds(capture::file, capture.commits());
  }

  /**
   * A capture with an archive, which is a whole one from now on.
   *
   * @param har the open, empty file; closed with the capture
   * @param name what it is called
   * @param redaction what is masked in it
   * @param keepsCapture whether the capture, too, was asked for; otherwise nothing is told of it
   */
  public static HarCapture of(
      CaptureWriter capture, FileChannel har, Path name, Redaction redaction, boolean keepsCapture)
      throws IOException {
    return new HarCapture(capture, HarFile.begin(har, redaction), name, keepsCapture);
  }

  @Override
  public void begin(Consumer<SessionEvent> tell) {
    capture.begin(tell);
    follower = HarFollower.start(har, name, ends, warning -> tell.accept(hinted(warning)));
  }

  /** Without a capture, nothing can be exported afterwards. */
  private SessionEvent.Warning hinted(SessionEvent.Warning warning) {
    return keepsCapture
        ? warning
        : new SessionEvent.Warning(
            warning.code(), warning.text(), Optional.of("name a file on another disk with --har"));
  }

  @Override
  public void event(Stamped event) {
    capture.event(event);
    if (event.event() instanceof SessionEvent.Traffic(_, var traffic)) {
      switch (traffic) {
        case TrafficEvent.ExchangeFinished _,
            TrafficEvent.ExchangeFailed _,
            TrafficEvent.TunnelClosed _,
            TrafficEvent.TunnelFailed _ ->
            ends.oneEnded();
        default -> {
          // No entry comes of it.
        }
      }
    }
  }

  @Override
  public boolean body(long exchange, Direction direction, ByteBuffer content) {
    return capture.body(exchange, direction, content);
  }

  @Override
  public long bodyLimit() {
    return capture.bodyLimit();
  }

  @Override
  public boolean isCongested() {
    return capture.isCongested();
  }

  @Override
  public Optional<SessionEvent.CaptureClosed> finish(SessionResult result) {
    var closed = capture.finish(result);
    boolean interrupted = false;
    try {
      if (follower != null) {
        follower.end();
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    try {
      ends.close();
    } catch (IOException e) {
      // It was only read.
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return closed.filter(_ -> keepsCapture);
  }
}
