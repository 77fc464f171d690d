package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.exchange.FailureKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Holds a dialogue with another proxy over a connection to it, which is cut if that fails. */
final class ProxyTalk implements Side.Events {
  private static final String CLOSED = "it closed the connection";

  private final Side side;
  private final ProxyDialogue dialogue;
  private final int mostBytes;
  private final Promise<Side> promise;
  private byte[] heard = {};

  private ProxyTalk(Side side, ProxyDialogue dialogue, int mostBytes) {
    this.side = side;
    this.dialogue = dialogue;
    this.mostBytes = mostBytes;
    this.promise = side.channel().eventLoop().newPromise();
  }

  /**
   * Starts a dialogue. Completes with the side, which then listens to nothing and goes on with what
   * the other end of the way sends, or fails with a {@link DialFailure} whose text is only the
   * reason. Cancelling cuts the connection.
   *
   * @param mostBytes how much the proxy may say at a time
   */
  static Future<Side> start(Side side, ProxyDialogue dialogue, int mostBytes) {
    var talk = new ProxyTalk(side, dialogue, mostBytes);
    talk.promise.addListener(done -> {
      side.listen(new Dropped());
      if (!done.isSuccess()) {
        side.cut();
      }
    });
    side.listen(talk);
    talk.say(dialogue.opening());
    side.read();
    return talk.promise;
  }

  private void say(String bytes) {
    side.write(Unpooled.wrappedBuffer(bytes.getBytes(ISO_8859_1)));
    side.flush();
  }

  @Override
  public void bytes(ByteBuf bytes) {
    byte[] more = ByteBufUtil.getBytes(bytes);
    bytes.release();
    int before = heard.length;
    heard = Arrays.copyOf(heard, before + more.length);
    System.arraycopy(more, 0, heard, before, more.length);
    boolean goesOn = true;
    while (goesOn && !promise.isDone()) {
      goesOn = take(dialogue.read(heard, heard.length));
    }
  }

  /** Whether what was heard may have more in it. */
  private boolean take(ProxyDialogue.Step step) {
    return switch (step) {
      case ProxyDialogue.Step.NeedMore() -> {
        if (heard.length > mostBytes) {
          failed("its answer is too long");
        }
        yield false;
      }
      case ProxyDialogue.Step.Say(var bytes, var consumed) -> {
        heard = Arrays.copyOfRange(heard, consumed, heard.length);
        say(bytes);
        yield heard.length > 0;
      }
      case ProxyDialogue.Step.Open(var consumed) -> {
        // In some protocols the server speaks first; its bytes may come with the answer.
        side.unread(Unpooled.wrappedBuffer(heard, consumed, heard.length - consumed));
        promise.trySuccess(side);
        yield false;
      }
      case ProxyDialogue.Step.Failed(var why) -> {
        failed(why);
        yield false;
      }
    };
  }

  private void failed(String why) {
    promise.tryFailure(new DialFailure(FailureKind.CONNECT, why));
  }

  @Override
  public void readComplete() {
    if (!promise.isDone()) {
      side.read();
    }
  }

  @Override
  public void ended() {
    failed(CLOSED);
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    failed(CLOSED);
  }

  @Override
  public void writable() {}
}
