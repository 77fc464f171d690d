package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes between a client and an upstream as they are, until both have ended: each way at the
 * pace of its reader, each end of output on its own. Silence has no time-out. But where one side
 * has ended, or does not read what is there for it, something must move within the idle time-out,
 * and where one is gone, within the time to linger: a peer that neither reads nor ends must not
 * keep the rest.
 */
final class Relay {
  /** Hears what passes; the buffers stay the relay's. */
  interface Tap {
    Tap NONE =
        new Tap() {
          @Override
          public void up(ByteBuf bytes) {}

          @Override
          public void down(ByteBuf bytes) {}
        };

    void up(ByteBuf bytes);

    void down(ByteBuf bytes);
  }

  private final Flow fromClient;
  private final Flow fromUpstream;
  private final Consumer<Relay> closed;
  private final ProxyTimeouts timeouts;
  private int open = 2;
  private final List<Future<?>> looks = new ArrayList<>();

  /**
   * Makes a relay; nothing moves before {@link #start}.
   *
   * @param tap hears what passes
   * @param closed called once, when both connections are closed
   */
  Relay(Side client, Side upstream, ProxyTimeouts timeouts, Tap tap, Consumer<Relay> closed) {
    this.fromClient = new Flow(client, upstream, tap::up);
    this.fromUpstream = new Flow(upstream, client, tap::down);
    this.timeouts = timeouts;
    this.closed = closed;
  }

  /** Takes over both sides, beginning with what they have sent already; takes those bytes over. */
  void start(ByteBuf bytesOfClient, ByteBuf bytesOfUpstream) {
    fromClient.bytes(bytesOfClient);
    fromUpstream.bytes(bytesOfUpstream);
    fromClient.take();
    fromUpstream.take();
    watch(progress());
  }

  /** Bytes from the client to the upstream. */
  long up() {
    return fromClient.moved;
  }

  /** Bytes from the upstream to the client. */
  long down() {
    return fromUpstream.moved;
  }

  /** Cuts both connections. */
  void cut() {
    fromClient.from.cut();
    fromUpstream.from.cut();
  }

  private final class Flow implements Side.Events {
    private final Side from;
    private final Side to;
    private final Consumer<ByteBuf> heard;
    private long moved;
    private boolean over;

    Flow(Side from, Side to, Consumer<ByteBuf> heard) {
      this.from = from;
      this.to = to;
      this.heard = heard;
    }

    void take() {
      from.listen(this);
      from.channel().closeFuture().addListener(done -> oneClosed());
      to.flush();
      if (from.inputEnded()) {
        ended();
      } else {
        from.read();
      }
    }

    @Override
    public void bytes(ByteBuf bytes) {
      moved += bytes.readableBytes();
      heard.accept(bytes);
      to.write(bytes);
    }

    @Override
    public void readComplete() {
      to.flush();
      if (to.isWritable()) {
        from.read();
      }
    }

    @Override
    public void ended() {
      over = true;
      to.endOutput();
      if (other().over) {
        // Both have said everything; what is still unwritten goes out before the end.
        from.close();
        to.close();
      }
    }

    @Override
    public void gone(@Nullable Throwable cause) {
      over = true;
      if (cause == null) {
        to.close();
        cutUnlessMoved(to, unwritten(to));
      } else {
        to.cut();
      }
    }

    @Override
    public void writable() {
      to.read();
    }

    /** Whether it is not merely silent: it has ended, or its reader does not read. */
    boolean isStuck() {
      return over || unwritten(to) > 0;
    }

    private Flow other() {
      return this == fromClient ? fromUpstream : fromClient;
    }
  }

  /** Cuts both if nothing has moved since the last look although somebody could have moved it. */
  private void watch(long before) {
    later(
        timeouts.idle(),
        () -> {
          looks.removeIf(Future::isDone);
          long now = progress();
          boolean stuck = fromClient.isStuck() || fromUpstream.isStuck();
          if (now == before && stuck) {
            cut();
          } else if (open > 0) {
            watch(now);
          }
        });
  }

  private void cutUnlessMoved(Side last, long before) {
    later(
        timeouts.linger(),
        () -> {
          long now = unwritten(last);
          if (now == before) {
            last.cut();
          } else if (last.channel().isOpen()) {
            cutUnlessMoved(last, now);
          }
        });
  }

  private void later(Duration time, Runnable look) {
    if (open > 0) {
      looks.add(
          fromClient
              .from
              .channel()
              .eventLoop()
              .schedule(look, time.toNanos(), TimeUnit.NANOSECONDS));
    }
  }

  /** Changes with every byte that comes or goes. */
  private long progress() {
    return 2 * (up() + down()) - unwritten(fromClient.from) - unwritten(fromUpstream.from);
  }

  /** Bytes that wait until their reader reads. */
  private static long unwritten(Side side) {
    var buffer = side.channel().unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  private void oneClosed() {
    if (--open == 0) {
      looks.forEach(look -> look.cancel(false));
      closed.accept(this);
    }
  }
}
