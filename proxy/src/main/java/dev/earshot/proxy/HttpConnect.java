package dev.earshot.proxy;

import dev.earshot.exchange.Header;
import dev.earshot.exchange.HttpVersion;
import dev.earshot.exchange.RequestHead;
import dev.earshot.exchange.ResponseHead;
import java.util.ArrayList;
import java.util.List;

/** CONNECT, by which an HTTP proxy is asked for a tunnel (RFC 9110 section 9.3.6). */
record HttpConnect(HttpProxy proxy, Target target) implements ProxyDialogue {
  @Override
  public String opening() {
    String authority = target.hostAndPort();
    List<Header> headers = new ArrayList<>();
    headers.add(new Header("Host", authority));
    proxy.authorization().ifPresent(value -> headers.add(new Header("Proxy-Authorization", value)));
    return HeadWriter.text(new RequestHead("CONNECT", authority, HttpVersion.HTTP_1_1, headers));
  }

  @Override
  public Step read(byte[] bytes, int length) {
    return switch (HeadParser.response(bytes, length)) {
      case ParsedHead.NeedMore<ResponseHead>() -> new Step.NeedMore();
      case ParsedHead.Malformed<ResponseHead>(var reason, _) ->
          new Step.Failed("its answer is malformed: " + reason);
      case ParsedHead.Complete<ResponseHead>(var answer, var consumed) ->
          answer.status() / 100 == 2
              ? new Step.Open(consumed)
              : new Step.Failed(
                  "it answered CONNECT with %d %s".formatted(answer.status(), answer.reason()));
    };
  }
}
