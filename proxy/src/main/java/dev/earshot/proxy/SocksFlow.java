package dev.earshot.proxy;

import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The handshake of a client that speaks SOCKS, up to its request, from which on it is served as
 * after a CONNECT. What the client sends before it is answered is kept.
 */
final class SocksFlow implements Opening, Side.Events {
  private enum Step {
    GREETING,
    LOGIN,
    REQUEST,
    REQUEST_4,
    OVER
  }

  private static final int NO_LOGIN = 0;
  private static final int BY_PASSWORD = 2;
  private static final int NO_METHOD = 0xff;

  private final ClientConnection client;
  private Step step = Step.GREETING;
  private ByteBuf in = Unpooled.EMPTY_BUFFER;

  /** How many bytes were taken from what the client has sent. */
  private long taken;

  /** For a client whose first byte, which is unread, is one of SOCKS. */
  SocksFlow(ClientConnection client) {
    this.client = client;
  }

  @Override
  public void start() {
    in = client.takeUnread();
    if (in.getByte(in.readerIndex()) == SocksParser.VERSION_4) {
      step = Step.REQUEST_4;
    }
    client.side().listen(this);
    parse();
    if (step == Step.OVER) {
      return;
    }
    if (client.side().inputEnded()) {
      ended();
    } else {
      client.side().read();
    }
  }

  @Override
  public void cancel() {}

  @Override
  public boolean isWaiting() {
    return step != Step.OVER;
  }

  @Override
  public boolean isIdle() {
    return true;
  }

  private void parse() {
    boolean more = true;
    while (more && step != Step.OVER) {
      int length = Math.min(in.readableBytes(), SocksParser.LONGEST);
      byte[] bytes = ByteBufUtil.getBytes(in, in.readerIndex(), length, true);
      more =
          switch (step) {
            case GREETING -> greeting(SocksParser.greeting(bytes, length));
            case LOGIN -> login(SocksParser.login(bytes, length));
            case REQUEST -> request(SocksParser.request(bytes, length), bytes);
            case REQUEST_4 -> request(SocksParser.request4(bytes, length), bytes);
            case OVER -> false;
          };
    }
  }

  /** Whether there is more to be parsed. */
  private boolean greeting(ParsedHead<SocksParser.Greeting> parsed) {
    return switch (parsed) {
      case ParsedHead.NeedMore<SocksParser.Greeting>() -> false;
      case ParsedHead.Malformed<SocksParser.Greeting>(var why, var at) -> {
        refuse(ErrorResponse.badSocks(why), at);
        yield finish(answer(NO_METHOD));
      }
      case ParsedHead.Complete<SocksParser.Greeting>(var greeting, var consumed) -> {
        boolean needed = client.credentials().isPresent();
        if (greeting.none() && !needed) {
          step = Step.REQUEST;
          yield answered(consumed, answer(NO_LOGIN));
        }
        if (greeting.password() && client.mayShowCredentials()) {
          step = Step.LOGIN;
          yield answered(consumed, answer(BY_PASSWORD));
        }
        refuse(
            needed
                ? ErrorResponse.proxyAuth("the client offers no password")
                : ErrorResponse.badSocks("it offers no way to authenticate that is served here"),
            2);
        yield finish(answer(NO_METHOD));
      }
    };
  }

  private boolean login(ParsedHead<SocksParser.Login> parsed) {
    return switch (parsed) {
      case ParsedHead.NeedMore<SocksParser.Login>() -> false;
      case ParsedHead.Malformed<SocksParser.Login>(var why, var at) -> {
        refuse(ErrorResponse.badSocks(why), at);
        yield finish(loginAnswer(1));
      }
      case ParsedHead.Complete<SocksParser.Login>(var login, var consumed) -> {
        if (client
            .credentials()
            .filter(asked -> !asked.are(login.user(), login.password()))
            .isPresent()) {
          refuse(ErrorResponse.proxyAuth("wrong ones were sent"), 0);
          yield finish(loginAnswer(1));
        }
        step = Step.REQUEST;
        yield answered(consumed, loginAnswer(0));
      }
    };
  }

  /** RFC 1929 section 2: 0 for yes. */
  private ByteBuf loginAnswer(int status) {
    return client.alloc().buffer(2).writeByte(1).writeByte(status);
  }

  private boolean answered(int consumed, ByteBuf answer) {
    take(consumed);
    client.side().write(answer);
    client.flush();
    return true;
  }

  private ByteBuf answer(int method) {
    return client.alloc().buffer(2).writeByte(SocksParser.VERSION_5).writeByte(method);
  }

  private boolean request(ParsedHead<SocksParser.Request> parsed, byte[] bytes) {
    return switch (parsed) {
      case ParsedHead.NeedMore<SocksParser.Request>() -> false;
      case ParsedHead.Malformed<SocksParser.Request>(var why, var at) -> {
        boolean type =
            step == Step.REQUEST && bytes.length > 3 && !SocksParser.knowsAddressType(bytes[3]);
        yield refuse(
            ErrorResponse.badSocks(why),
            at,
            type
                ? SocksAnswer.Reply.ADDRESS_TYPE_NOT_SUPPORTED
                : SocksAnswer.Reply.GENERAL_FAILURE);
      }
      case ParsedHead.Complete<SocksParser.Request>(var request, var consumed) -> {
        if (step == Step.REQUEST_4 && client.credentials().isPresent()) {
          yield refuse(
              ErrorResponse.proxyAuth("SOCKS 4 has none, use SOCKS 5"),
              0,
              SocksAnswer.Reply.NOT_ALLOWED);
        }
        if (request.command() != SocksParser.CONNECT) {
          yield refuse(
              ErrorResponse.socksCommand(request.command()),
              1,
              SocksAnswer.Reply.COMMAND_NOT_SUPPORTED);
        }
        if (request.port() == 0) {
          yield refuse(
              ErrorResponse.badSocks("port 0"), consumed, SocksAnswer.Reply.GENERAL_FAILURE);
        }
        take(consumed);
        connect(request);
        yield false;
      }
    };
  }

  private void connect(SocksParser.Request request) {
    SocksAnswer answer = answer();
    ByteBuf early = over();
    // Shown as the CONNECT that it is in all but form.
    String authority = Authority.inUrl(request.host()) + ":" + request.port();
    var head = new RequestHead("CONNECT", authority, HttpVersion.HTTP_1_1, List.of());
    client.connect(head, request.host(), request.port(), answer, early);
  }

  private SocksAnswer answer() {
    return new SocksAnswer(
        client, step == Step.REQUEST_4 ? SocksParser.VERSION_4 : SocksParser.VERSION_5);
  }

  private void take(int consumed) {
    in.skipBytes(consumed);
    taken += consumed;
  }

  private boolean refuse(ErrorResponse why, int at, SocksAnswer.Reply reply) {
    SocksAnswer answer = answer();
    refuse(why, at);
    answer.failed(reply);
    return false;
  }

  private void refuse(ErrorResponse why, int at) {
    client.report(why, OptionalLong.of(taken + at));
    over().release();
  }

  private boolean finish(ByteBuf last) {
    client.finish(last);
    return false;
  }

  /** Hands the connection back, with what was not used. */
  private ByteBuf over() {
    step = Step.OVER;
    client.side().listen(client);
    ByteBuf unused = in;
    in = Unpooled.EMPTY_BUFFER;
    return unused;
  }

  @Override
  public void bytes(ByteBuf bytes) {
    client.touch();
    in = Buffers.append(client.alloc(), in, bytes);
    parse();
  }

  @Override
  public void readComplete() {
    client.side().read();
  }

  @Override
  public void ended() {
    var why = ErrorResponse.badSocks("the connection ended within the handshake");
    int here = in.readableBytes();
    switch (step) {
      case GREETING -> {
        refuse(why, here);
        client.finish(answer(NO_METHOD));
      }
      case LOGIN -> {
        refuse(why, here);
        client.finish(loginAnswer(1));
      }
      case REQUEST, REQUEST_4 -> refuse(why, here, SocksAnswer.Reply.GENERAL_FAILURE);
      case OVER -> {}
    }
  }

  @Override
  public void gone(@Nullable Throwable cause) {
    over().release();
    client.gone(cause);
  }

  @Override
  public void writable() {}
}
