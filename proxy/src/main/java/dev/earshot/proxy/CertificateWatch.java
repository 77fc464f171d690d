package dev.earshot.proxy;

import dev.earshot.exchange.TrafficEvent;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Watches, behind the TLS handler, whether a client accepts our certificate: until it sends a
 * request, leaves, or takes its time. Many look at the certificate only when the handshake is over,
 * and then just leave: curl with {@code --pinnedpubkey}, Node, everything with GnuTLS.
 */
final class CertificateWatch extends ChannelDuplexHandler implements ClientHandshake.Watch {
  /** Who closes an unused connection later than that had another reason, as browsers do. */
  private static final Duration AT_ONCE = Duration.ofSeconds(1);

  private final ClientHandshake handshake;
  private final ProxyContext context;
  private final ClientConnection client;
  private final String name;
  private final ClientRejections.Trial trial;
  private final Records records = new Records();
  private OptionalInt plainAlert = OptionalInt.empty();
  private @Nullable FirstRequest request;
  private @Nullable Future<?> patience;
  private boolean done;

  /**
   * For a client that is about to see the certificate.
   *
   * @param name that the certificate is for
   */
  CertificateWatch(ClientHandshake handshake, String name) {
    this.handshake = handshake;
    this.context = handshake.context();
    this.client = handshake.client();
    this.name = name;
    this.trial = context.rejections().begin(name, client.process(), System.nanoTime());
  }

  @Override
  public void begin() {
    client.side().channel().pipeline().addFirst(records);
    client.side().insert(this);
  }

  @Override
  public void shaken(boolean http2) {
    client.side().channel().pipeline().remove(records);
    context.rejections().established(trial);
    request = new FirstRequest(http2);
    patience = client.loop().schedule(this::undecided, AT_ONCE.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void failed(Throwable cause) {
    if (done) {
      return;
    }
    Optional<String> alert = RejectionWords.alert(plainAlert).or(() -> RejectionWords.alert(cause));
    if (alert.isPresent()) {
      refused(alert.get());
    } else if (client.stopping()) {
      undecided();
      handshake.failed("the proxy stopped within the TLS handshake");
    } else if (cause instanceof ClosedChannelException) {
      // What clients do that find no words for a certificate they do not trust.
      left(RejectionWords.leftWithin(client.process(), name), true);
    } else {
      undecided();
      handshake.failed(
          "the TLS handshake with the client failed for " + name + ": " + cause.getMessage());
    }
  }

  private void refused(String alert) {
    var found = context.rejections().refused(trial, System.nanoTime());
    over();
    rejected(found, RejectionWords.refused(client.process(), name, alert));
  }

  private void left(String text, boolean always) {
    var found = context.rejections().left(trial, System.nanoTime());
    over();
    if (found != ClientRejections.Finding.NOTHING) {
      rejected(found, text);
    } else if (always) {
      handshake.failed(text);
    }
  }

  private void rejected(ClientRejections.Finding found, String text) {
    String hint = RejectionWords.hint(client.process(), handshake.host());
    handshake.failed(text + "; " + hint);
    if (found == ClientRejections.Finding.NEW) {
      Duration pause = context.plan().timeouts().rejected();
      context
          .events()
          .accept(
              new TrafficEvent.Warning(
                  "client_rejected_ca",
                  Text.printable(text + RejectionWords.consequence(client.process(), name, pause)),
                  Optional.of(Text.printable(hint))));
    }
  }

  private void undecided() {
    if (!done) {
      context.rejections().undecided(trial);
      over();
    }
  }

  private void over() {
    done = true;
    if (patience != null) {
      patience.cancel(false);
    }
  }

  /** Whether the handshake is done and nothing else is known. */
  private boolean waits() {
    return request != null && !done;
  }

  private void leftAfterHandshake() {
    if (!waits()) {
      return;
    }
    if (client.stopping()) {
      undecided();
    } else {
      left(RejectionWords.leftAfter(client.process(), name), false);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!done && message instanceof ByteBuf bytes && (request == null || request.begunBy(bytes))) {
      context.rejections().accepted(trial);
      over();
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent) {
      leftAfterHandshake();
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (waits()) {
      RejectionWords.alert(cause).ifPresentOrElse(this::refused, this::leftAfterHandshake);
    }
    ctx.fireExceptionCaught(cause);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    leftAfterHandshake();
    ctx.fireChannelInactive();
  }

  /** Whatever the client does after we have closed says nothing. */
  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (waits()) {
      undecided();
    }
    var _ = ctx.close(promise);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    undecided();
  }

  /** Reads along what the client sends within the handshake. */
  private final class Records extends ChannelInboundHandlerAdapter {
    private final PlainAlert alert = new PlainAlert();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf bytes) {
        plainAlert = alert.in(bytes);
      }
      ctx.fireChannelRead(message);
    }
  }
}
