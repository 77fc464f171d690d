package dev.earshot.proxy;

import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.ResponseHead;
import java.util.List;

/** How a client hears what became of the connection that it asked for. */
interface ConnectAnswer {
  /** It is there, and what follows is its bytes. */
  void connected();

  /** There will be none: the last thing that the client hears. */
  void failed(DialFailure failure);

  /** The answer to a CONNECT of HTTP/1 (RFC 9110 section 9.3.6). */
  record Http(ClientConnection client) implements ConnectAnswer {
    @Override
    public void connected() {
      client.write(
          new ResponseHead(HttpVersion.HTTP_1_1, 200, "Connection established", List.of()));
      client.flush();
    }

    @Override
    public void failed(DialFailure failure) {
      client.answer(failure.answer(), true, true);
    }
  }
}
