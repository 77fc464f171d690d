package dev.earshot.proxy;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes between a client and an upstream as they are, until both have ended: each way at the
 * pace of its reader, each end of output on its own.
 */
final class Relay {
  private final Flow fromClient;
  private final Flow fromUpstream;
  private final Consumer<Relay> closed;
  private int open = 2;

  /**
   * Makes a relay; nothing moves before {@link #start}.
   *
   * @param closed called once, when both connections are closed
   */
  Relay(Side client, Side upstream, Consumer<Relay> closed) {
    this.fromClient = new Flow(client, upstream);
    this.fromUpstream = new Flow(upstream, client);
    this.closed = closed;
  }

  /** Takes over both sides, beginning with what they have sent already; takes those bytes over. */
  void start(ByteBuf bytesOfClient, ByteBuf bytesOfUpstream) {
    fromClient.bytes(bytesOfClient);
    fromUpstream.bytes(bytesOfUpstream);
    fromClient.take();
    fromUpstream.take();
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
    private long moved;
    private boolean over;

    Flow(Side from, Side to) {
      this.from = from;
      this.to = to;
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
      } else {
        to.cut();
      }
    }

    @Override
    public void writable() {
      to.read();
    }

    private Flow other() {
      return this == fromClient ? fromUpstream : fromClient;
    }
  }

  private void oneClosed() {
    if (--open == 0) {
      closed.accept(this);
    }
  }
}
